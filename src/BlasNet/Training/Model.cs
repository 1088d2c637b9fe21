using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Training;

/// <summary>The parameters of a network: named, initialised from a seed, in one flat buffer.</summary>
/// <remarks>
/// The one object to dispose: the native memory of its trainers and evaluators goes with it. Memory that nothing refers to is collected, without disposing too.
/// <para>Threads: once its parameters have been added, a model is shared by any number of threads. Evaluations of it run side by side, and beside a training
/// step until that step's update. The update, <see cref="Load(string, Func{string, string})"/>,
/// <see cref="SetValues(Parameter, ReadOnlySpan{double})"/>, the exchange of averages and the restoring of a checkpoint wait for the evaluations under way,
/// and evaluations that begin meanwhile wait for them: whatever is computed in one run is computed from the parameters of one
/// moment. Two steps of one model, by whatever trainers, come one after another. A loss function or a result handler that asks for such a change of the
/// model it is evaluating gets an error, since it would wait for itself; nor may it wait for another thread that does. Parameters are added by one thread,
/// before anything else.</para>
/// </remarks>
public sealed partial class Model : IParameters, IDisposable
{
    // Offsets into the flat buffer are 32-bit; the rest is for the gaps between parameters.
    private const long MaxSize = 2_000_000_000;

    private readonly List<Parameter> _parameters = [];
    private readonly Dictionary<string, Parameter> _byName = new(StringComparer.Ordinal);
    private readonly ConditionalWeakTable<IDisposable, object?> _owned = [];   // refers to nothing that nobody else does
    private readonly ParameterStore<float>? _single;
    private readonly ParameterStore<double>? _double;
    private bool _isComplete;

    /// <param name="seed">Together with a parameter's name it determines the parameter's first values.</param>
    /// <param name="precision">The element type of parameters, values and gradients.</param>
    public Model(int seed = 0, Precision precision = Precision.Single)
    {
        (Seed, Precision, Access) = (seed, precision, new ModelAccess(Free));
        if (precision == Precision.Single)
            _single = new ParameterStore<float>();
        else
            _double = new ParameterStore<double>();
    }

    /// <summary>A model that is to be trained: a parameter for which there would not be enough memory, with its gradients and the
    /// optimizer's state, is refused when it is added.</summary>
    /// <param name="optimizer">How it will be trained.</param>
    /// <param name="workers">Threads that will compute a step.</param>
    /// <param name="seed">Together with a parameter's name it determines the parameter's first values.</param>
    /// <param name="precision">The element type of parameters, values and gradients.</param>
    public static Model ForTraining(Optimizer optimizer, int workers = 1, int seed = 0, Precision precision = Precision.Single)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        return new Model(seed, precision) { Training = (ParallelParts.Checked(workers), optimizer.StateBuffers) };
    }

    /// <summary>What the first values, the shuffling and dropout are computed from.</summary>
    public int Seed { get; }

    /// <summary>The element type of parameters, values and gradients.</summary>
    public Precision Precision { get; }

    /// <summary>In the order in which they were added.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>Number of trainable numbers.</summary>
    public long Size => _parameters.Sum(parameter => (long)parameter.Shape.Size);

    /// <inheritdoc/>
    public Parameter Weight(string name, int outputs, int inputs, Initializer? initializer = null) =>
        Add(name, outputs, inputs, isWeight: true, initializer ?? Initializer.GlorotUniform());

    /// <inheritdoc/>
    public Parameter Bias(string name, int size, Initializer? initializer = null) =>
        Add(name, size, columns: 1, isWeight: false, initializer ?? Initializer.Zeros);

    /// <summary>The parameter of this name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Parameter this[string name] => _byName.TryGetValue(name, out Parameter? parameter)
        ? parameter
        : throw new KeyNotFoundException($"The model has no parameter '{name}'. It has: {string.Join(", ", _byName.Keys)}.");

    /// <summary>How many gradients, one for each worker, and how many numbers of the optimizer's state there will be for each parameter. So a model that
    /// is too large to be trained is refused before it is there.</summary>
    internal (int Gradients, int State) Training { get; private init; }

    /// <summary>Who may read the parameters, and who change them.</summary>
    internal ModelAccess Access { get; }

    /// <summary>An empty graph for this model's expressions, to be built by the calling thread.</summary>
    public Graph NewGraph() => NewGraph(isTraining: false);

    /// <inheritdoc cref="NewGraph()"/>
    /// <param name="isTraining">Whether dropout drops, as in a training step.</param>
    public Graph NewGraph(bool isTraining) => new(Precision, this) { IsTraining = isTraining };

    /// <summary>Ends all use of the model. Runs under way on other threads end with an <see cref="ObjectDisposedException"/>, at the latest after the pass
    /// that they compute; the last of them frees the memory.</summary>
    public void Dispose() => Access.Close();

    private void Free()
    {
        foreach ((IDisposable owned, _) in _owned)
            owned.Dispose();

        _single?.Dispose();
        _double?.Dispose();
    }

    internal ParameterStore<T> Store<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Access.ThrowIfClosed();
        return (ParameterStore<T>)(object?)(typeof(T) == typeof(float) ? _single : _double)!
            ?? throw new InvalidOperationException($"The model's precision is {Precision}, not {typeof(T).Name}.");
    }

    /// <summary>Disposes something together with the model, unless nobody refers to it before.</summary>
    internal TResource Own<TResource>(TResource resource) where TResource : class, IDisposable
    {
        _owned.Add(resource, null);
        return resource;
    }

    /// <summary>An engine over the parameters, of the model's precision.</summary>
    internal IDisposable NewEngine(ComputeOptions options) => Own<IDisposable>(
        Precision == Precision.Single ? new Engine<float>(Store<float>(), options) : new Engine<double>(Store<double>(), options));

    /// <inheritdoc cref="ParameterStore{T}.HoldForecasts"/>
    internal void HoldForecasts(bool hold)
    {
        _single?.HoldForecasts(hold);
        _double?.HoldForecasts(hold);
    }

    /// <summary>Takes no more parameters: trainers and evaluators count on those that there are.</summary>
    internal void Complete() => _isComplete = true;

    internal PackingUses PackingUsesOf(Parameter parameter) => _single?.PackedOf(parameter.Index).Uses ?? _double!.PackedOf(parameter.Index).Uses;

    internal void SetPackingUses(Parameter parameter, PackingUses uses)
    {
        if (_single is not null)
            _single.PackedOf(parameter.Index).Uses = uses;
        else
            _double!.PackedOf(parameter.Index).Uses = uses;
    }

    /// <exception cref="InsufficientMemoryException">There is not enough for the parameters, so many gradients and the optimizer's state.</exception>
    /// <exception cref="ArgumentException">That are more numbers than 32-bit offsets reach.</exception>
    internal void RequireRoom(int gradients, int state) => RequireRoom(Size, gradients, state, "The model");

    private void RequireRoom(long size, int gradients, int state, string what)
    {
        if (size * Math.Max(1, state) > MaxSize)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"{what}: a model has at most {MaxSize / Math.Max(1, state):N0} numbers{(state > 1 ? $" where an optimizer keeps {state} for each" : "")}."));
        }

        string training = gradients > 0 ? ", with their gradients and the optimizer's state," : "";
        AvailableMemory.Require(size * (1 + gradients + state) * Precision.ElementBytes(), $"{what}: {size:N0} parameters{training} would take");
    }

    /// <summary>Refuses parameters that are not worth keeping: call it before they are written.</summary>
    /// <exception cref="ArithmeticException">A parameter is infinite or NaN.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public void RequireFinite()
    {
        Access.ThrowIfClosed();
        foreach (Parameter parameter in _parameters)
        {
            bool isFinite = _single is not null
                ? TensorPrimitives.IsFiniteAll<float>(_single.ValuesOf(parameter))
                : TensorPrimitives.IsFiniteAll<double>(_double!.ValuesOf(parameter));
            if (!isFinite)
                throw new ArithmeticException($"Parameter {parameter} is infinite or not a number.");
        }
    }

    private void Changed()
    {
        _single?.Changed();
        _double?.Changed();
    }

    /// <summary>Makes room for the parameters of a model whose size is known before they are added, so that they are never copied.</summary>
    /// <param name="numbers">All parameters' elements; a little more than that, for each parameter begins at a multiple of 16 elements.</param>
    /// <exception cref="InsufficientMemoryException">There is not enough for them.</exception>
    /// <exception cref="ArgumentException">That are more numbers than 32-bit offsets reach.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="numbers"/> is negative.</exception>
    public void Reserve(long numbers)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(numbers);
        Access.ThrowIfClosed();
        RequireRoom(numbers, Training.Gradients, Training.State, "The model");
        _single?.Reserve(numbers);
        _double?.Reserve(numbers);
    }

    private Parameter Mine(Parameter parameter)
    {
        return ReferenceEquals(parameter.Model, this) ? parameter : throw new ArgumentException($"{parameter} belongs to another model.");
    }

    private Parameter Add(string name, int rows, int columns, bool isWeight, Initializer initializer)
    {
        string what = $"{name} {Shape.ToText(rows, columns)}";
        RequireAddable(name, rows, columns, what);
        var shape = new Shape(rows, columns);
        Parameter parameter = _single is not null ? Append(_single) : Append(_double!);
        _parameters.Add(parameter);
        _byName.Add(name, parameter);
        return parameter;

        Parameter Append<T>(ParameterStore<T> store) where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            int offset = store.Append(shape.Size, clear: !ReferenceEquals(initializer, Initializer.None));
            var added = new Parameter(name, shape, isWeight, _parameters.Count, offset, this);
            if (ReferenceEquals(initializer, Initializer.Zeros) || ReferenceEquals(initializer, Initializer.None))
                return added;   // as the store's memory is

            try
            {
                initializer.Fill(store.SpanOf(added), shape, new RandomNumbers((ulong)Seed, name));
                return TensorPrimitives.IsFiniteAll<T>(store.SpanOf(added)) ? added
                    : throw new ArithmeticException($"{initializer.GetType().Name} gave parameter {what} a value that is infinite or NaN.");
            }
            catch
            {
                store.TakeBack(offset);
                throw;
            }
        }
    }

    private void RequireAddable(string name, int rows, int columns, string what)
    {
        Access.ThrowIfClosed();
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (rows < 1 || columns < 1)
            throw new ArgumentException($"{what}: a parameter needs at least one row and one column.");

        RequireRoom(Size + (long)rows * columns, Training.Gradients, Training.State, what);
        if (_byName.ContainsKey(name))
            throw new ArgumentException($"The model has a parameter '{name}' already.", nameof(name));

        if (_isComplete)
            throw new InvalidOperationException($"Parameter '{name}' comes too late: a trainer or an evaluator of this model exists already.");
    }
}
