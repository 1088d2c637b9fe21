using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace BlasNet.Graphs;

/// <content>What a graph starts from: parameters, inputs, indices, constants.</content>
public sealed partial class Graph
{
    // Node + 1 of each parameter that has joined; 0 for the others.
    private int[] _parameterNodes = [];
    private readonly Dictionary<long, int> _constants = [], _ownConstants = [];   // by the bits of the number, so that 0 is not −0
    private long _example;
    private bool _isExample;

    /// <summary>Whether dropout drops; false for inference.</summary>
    public bool IsTraining
    {
        get;
        internal set
        {
            field = value;
            ForgetKeptTypes();   // functions mean something else now
        }
    }

    /// <summary>Distinguishes the random draws of one optimizer step from those of another.</summary>
    internal long RandomSeed { get; set; }

    /// <summary>One node for each parameter, however often it is used.</summary>
    /// <exception cref="InvalidOperationException">The parameter belongs to another model.</exception>
    public Expr Use(Parameter parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        RequireOwnThread();
        if (!ReferenceEquals(parameter.Model, Model))
            throw new InvalidOperationException($"Parameter {parameter} belongs to another model than this graph.");

        return new Expr(this, UseAt((long)parameter.Index << 32 | (uint)parameter.Offset, parameter.Shape, parameter.Name));
    }

    /// <summary>Notes which parameters a pass has put into the graph, so that <see cref="Use"/> finds them.</summary>
    internal void FindParameters()
    {
        for (int node = 0; node < Count; node++)
        {
            if (OperatorOf(node) != ParameterOperator.Instance)
                continue;

            int index = ParameterOperator.IndexOf(AttributeOf(node));
            if (index >= _parameterNodes.Length)
                Array.Resize(ref _parameterNodes, Math.Max(16, 2 * index + 2));

            _parameterNodes[index] = node + 1;
        }
    }

    /// <summary>One example's vector. The numbers are copied.</summary>
    /// <param name="values">k values; the expression is [k].</param>
    public Expr Input(ReadOnlySpan<float> values) => Input(values, new Shape(Math.Max(1, values.Length)));

    /// <summary>One example's matrix, column by column. The numbers are copied.</summary>
    /// <param name="values">rows × columns values.</param>
    /// <param name="shape">[rows × columns].</param>
    /// <exception cref="ShapeException">Number of values and shape differ.</exception>
    public Expr Input(ReadOnlySpan<float> values, Shape shape) => AddData(InputOperator.Instance, values, shape, shared: false);

    /// <inheritdoc cref="Input(ReadOnlySpan{float})"/>
    public Expr Input(ReadOnlySpan<double> values) => Input(values, new Shape(Math.Max(1, values.Length)));

    /// <inheritdoc cref="Input(ReadOnlySpan{float}, Shape)"/>
    public Expr Input(ReadOnlySpan<double> values, Shape shape) => AddData(InputOperator.Instance, values, shape, shared: false);

    /// <summary>One example's number.</summary>
    public Expr Input(double value) => AddData(InputOperator.Instance, [value], Shape.Scalar, shared: false);

    /// <summary>One example's integer: a class, a word's position in a vocabulary. No gradient flows into it.</summary>
    /// <param name="value">0 … 2²⁴, the integers that single precision holds exactly.</param>
    public Expr Index(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 1 << 24);
        return AddData(IndexOperator.Instance, new ReadOnlySpan<int>(in value), Shape.Scalar, shared: false);
    }

    /// <summary>Several of one example's integers: the words of a sentence, the labels of its words.</summary>
    /// <param name="values">At least one, each 0 … 2²⁴.</param>
    /// <returns>[1 × n].</returns>
    /// <exception cref="ShapeException">There is none.</exception>
    /// <exception cref="ArgumentOutOfRangeException">One is negative or above 2²⁴.</exception>
    public Expr Indices(ReadOnlySpan<int> values)
    {
        foreach (int value in values)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value, nameof(values));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 1 << 24, nameof(values));
        }

        return AddData(IndexOperator.Instance, values, new Shape(1, values.Length), shared: false);
    }

    /// <summary>A number that is the same for every example; one node for each number, of which 0 and −0 are two.</summary>
    public Expr Constant(double value) => ConstantAmong(_constants, value);

    /// <summary>A number that an operator or a derivative brings. It is never the node of an equal <see cref="Constant(double)"/>: one may differentiate by
    /// that, and what happens to have its value must not move with it.</summary>
    internal Expr OwnConstant(double value) => ConstantAmong(_ownConstants, value);

    private Expr ConstantAmong(Dictionary<long, int> constants, double value)
    {
        RequireOwnThread();
        long bits = BitConverter.DoubleToInt64Bits(value);
        if (!constants.TryGetValue(bits, out int node))
        {
            node = AddData(ConstantOperator.Instance, [value], Shape.Scalar, shared: true).Index;
            constants.Add(bits, node);
        }

        return new Expr(this, node);
    }

    /// <summary>A vector or matrix, column by column, that is the same for every example; one node for equal ones. The numbers are copied.</summary>
    /// <exception cref="ShapeException">Number of values and shape differ.</exception>
    public Expr Constant(ReadOnlySpan<float> values, Shape shape)
    {
        if (Body is null)
            return AddConstant(_arrays, values, shape);

        var doubles = new double[values.Length];
        System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(values, doubles);
        return Constant(doubles, shape);
    }

    /// <inheritdoc cref="Constant(ReadOnlySpan{float}, Shape)"/>
    public Expr Constant(ReadOnlySpan<double> values, Shape shape) => ConstantAmong(_arrays, values, shape);

    /// <summary>A vector or matrix that an operator, a derivative or a function brings, see <see cref="OwnConstant(double)"/>.</summary>
    internal Expr OwnConstant(ReadOnlySpan<double> values, Shape shape) =>
        shape.IsScalar ? OwnConstant(values[0]) : ConstantAmong(_ownArrays, values, shape);

    private Expr ConstantAmong(Dictionary<(Shape Shape, ulong Hash), int> arrays, ReadOnlySpan<double> values, Shape shape)
    {
        if (Body is null)
            return AddConstant(arrays, values, shape);

        CheckLength(ConstantOperator.Instance, values.Length, shape);
        return Body.BringConstant(values, shape, isOwn: arrays == _ownArrays);
    }

    /// <summary>Adds a leaf of another graph: a parameter or a number once, data as it is, from pools that both graphs share.</summary>
    internal int CopyLeaf(Graph source, int node)
    {
        ref readonly NodeType type = ref source.TypeOf(node);
        Operator op = type.Operator;
        long attribute = source.AttributeOf(node);
        if (op == ParameterOperator.Instance)
            return UseAt(attribute, type.Shape, source.GivenNameOf(node));

        // A body's number is one node with equal ones of other bodies, never with the user's, which may be another one when the plan is used again.
        if (op == ConstantOperator.Instance && type.Shape.IsScalar && !ReferenceEquals(source.Data, Data))
            return OwnConstant(source.Data.ElementAt(attribute, 0)).Index;

        return AppendStack(op, attribute, [], type.Shape, type.Count, type.IsShared);
    }

    private int UseAt(long attribute, Shape shape, string? name)
    {
        int index = ParameterOperator.IndexOf(attribute);
        if (index >= _parameterNodes.Length)
            Array.Resize(ref _parameterNodes, Math.Max(16, 2 * index + 2));

        ref int known = ref _parameterNodes[index];
        if (known == 0)
        {
            known = 1 + AppendStack(ParameterOperator.Instance, attribute, [], shape, 1, shared: true);
            if (name is not null)
                SetName(known - 1, name);
        }

        return known - 1;
    }

    /// <summary>Says whose nodes come next, so that random draws depend on the example, not on its place in a batch.</summary>
    internal void BeginExample(long example) => (_example, Draws, _isExample) = (example, 0, true);

    /// <summary>How often the example at hand has drawn so far; set again when it goes on after others.</summary>
    internal int Draws { get; set; }

    /// <summary>Names the example at hand in an error, if it is known which it is.</summary>
    internal string ExampleText => _isExample ? $" of example {_example}" : "";

    /// <summary>Two integers below 2²⁴ from which a random operator computes this example's next draw.</summary>
    internal Expr RandomKey() => RandomKeys(1);

    /// <summary>A key for each of several draws, side by side.</summary>
    internal Expr RandomKeys(int count)
    {
        if (Body is not null)
            return Body.BringKey(new Shape(2, count));

        Span<int> keys = count == 1 ? stackalloc int[2] : new int[2 * count];
        for (int i = 0; i < keys.Length; i += 2)
        {
            ulong bits = Mix((ulong)RandomSeed + Mix((ulong)_example + Mix((ulong)Draws++)));
            (keys[i], keys[i + 1]) = ((int)(bits & 0xFFFFFF), (int)(bits >> 40));
        }

        return AddData(KeyOperator.Instance, keys, new Shape(2, count), shared: false);
    }

    /// <summary>The finalizer of SplitMix64. Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.</summary>
    private static ulong Mix(ulong z)
    {
        z += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Expr AddData<T>(Operator op, ReadOnlySpan<T> values, Shape shape, bool shared) where T : unmanaged, INumber<T>
    {
        RequireOwnThread();
        CheckLength(op, values.Length, shape);
        if (Body is not null && !shared)
            ThrowDataInBody(op);

        long place = Data.Add(op, shape, values);
        return new Expr(this, shared ? AppendStack(op, place, [], shape, 1, shared) : AppendData(op, place, shape));
    }

    private static void CheckLength(Operator op, int length, Shape shape)
    {
        if (shape == default)
            throw new ShapeException($"{op.Name}: there must be at least one row and one column, but it is {shape}.");

        if (length != shape.Size)
            ThrowWrongLength(op, length, shape);
    }

    private void ThrowDataInBody(Operator op) => throw new InvalidOperationException(
        $"{Body!.Name}: an {op.Name} inside a function would be the same for every call, for the function runs only once. Pass it as an argument.");

    private static void ThrowWrongLength(Operator op, int length, Shape shape) => throw new ShapeException(string.Create(
        CultureInfo.InvariantCulture, $"{op.Name}: {length} values were given for the shape {shape}, which takes {shape.Size}."));

    private void ForgetLeaves()
    {
        Array.Clear(_parameterNodes);
        _constants.Clear();
        _ownConstants.Clear();
    }
}
