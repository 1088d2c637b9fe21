using System.Runtime.CompilerServices;

namespace BlasNet.Graphs.Functions;

/// <summary>A call that looks for its body: the caller's graph, and the nodes of the arguments in it or just their shapes.</summary>
internal readonly ref struct CallSite
{
    private readonly ReadOnlySpan<int> _arguments;
    private readonly ReadOnlySpan<Shape> _shapes;

    public CallSite(Graph caller, ReadOnlySpan<int> arguments)
    {
        Caller = caller;
        _arguments = arguments;
    }

    public CallSite(Graph caller, ReadOnlySpan<Shape> shapes)
    {
        Caller = caller;
        _shapes = shapes;
    }

    public Graph Caller { get; }

    /// <summary>Number of arguments.</summary>
    public int Count => _shapes.Length + _arguments.Length;

    /// <summary>The shape of an argument.</summary>
    public Shape ShapeOf(int argument) => _shapes.IsEmpty ? Caller.ShapeOf(_arguments[argument]) : _shapes[argument];
}

/// <summary>What a body was traced for: a model, its precision, training or evaluation, and the arguments' shapes.</summary>
/// <remarks>Does not keep the model: a function may outlive it.</remarks>
internal sealed class BodyKey : IEquatable<BodyKey>
{
    private readonly WeakReference<object>? _model;
    private readonly Precision _precision;
    private readonly bool _isTraining;
    private readonly Shape[] _shapes;
    private readonly int _hash;

    public BodyKey(CallSite call)
    {
        Graph caller = call.Caller;
        _model = caller.Model is null ? null : new WeakReference<object>(caller.Model);
        (_precision, _isTraining, _hash) = (caller.Precision, caller.IsTraining, HashOf(call));
        _shapes = new Shape[call.Count];
        for (int i = 0; i < _shapes.Length; i++)
            _shapes[i] = call.ShapeOf(i);
    }

    /// <summary>Compares keys, and calls with them.</summary>
    public static IEqualityComparer<BodyKey> Comparer { get; } = new KeyComparer();

    /// <summary>Of the arguments.</summary>
    public ReadOnlySpan<Shape> Shapes => _shapes;

    private object? Model => _model is not null && _model.TryGetTarget(out object? model) ? model : null;

    private bool IsFor(object? model, Precision precision, bool isTraining) =>
        IsOf(model) && _precision == precision && _isTraining == isTraining;

    // A model that has been collected is no caller's.
    private bool IsOf(object? model) => _model is null ? model is null : _model.TryGetTarget(out object? mine) && ReferenceEquals(mine, model);

    /// <summary>Whether a body made for this is what the function means for a call.</summary>
    public bool Fits(CallSite call)
    {
        Graph caller = call.Caller;
        if (!IsFor(caller.Model, caller.Precision, caller.IsTraining) || _shapes.Length != call.Count)
            return false;

        for (int i = 0; i < _shapes.Length; i++)
        {
            if (call.ShapeOf(i) != _shapes[i])
                return false;
        }

        return true;
    }

    public bool Equals(BodyKey? other) => ReferenceEquals(this, other)
        || (other is not null && IsFor(other.Model, other._precision, other._isTraining) && Shapes.SequenceEqual(other.Shapes));

    public override bool Equals(object? obj) => Equals(obj as BodyKey);

    public override int GetHashCode() => _hash;

    /// <summary>The arguments' shapes.</summary>
    public override string ToString() => string.Join(", ", _shapes);

    private static int HashOf(CallSite call)
    {
        Graph caller = call.Caller;
        var hash = new HashCode();
        hash.Add(caller.Model is null ? 0 : RuntimeHelpers.GetHashCode(caller.Model));
        hash.Add((caller.Precision, caller.IsTraining));
        for (int i = 0; i < call.Count; i++)
            hash.Add(call.ShapeOf(i));

        return hash.ToHashCode();
    }

    private sealed class KeyComparer : IEqualityComparer<BodyKey>, IAlternateEqualityComparer<CallSite, BodyKey>
    {
        public bool Equals(BodyKey? x, BodyKey? y) => x is null ? y is null : x.Equals(y);

        public int GetHashCode(BodyKey key) => key.GetHashCode();

        public bool Equals(CallSite alternate, BodyKey other) => other.Fits(alternate);

        public int GetHashCode(CallSite alternate) => HashOf(alternate);

        public BodyKey Create(CallSite alternate) => new(alternate);
    }
}
