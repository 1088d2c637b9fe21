namespace BlasNet.Training;

/// <summary>A range of the flat buffers an optimizer works on: n parameters, their gradient and their state.</summary>
public readonly ref struct OptimizerRange<T>
    where T : unmanaged
{
    private readonly Span<T> _state;
    private readonly int _stateStride, _start;

    /// <summary>The whole of the buffers.</summary>
    /// <param name="parameters">n numbers.</param>
    /// <param name="gradient">n numbers.</param>
    /// <param name="state"><c>StateBuffers·n</c> numbers, one buffer of n after another.</param>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    public OptimizerRange(Span<T> parameters, ReadOnlySpan<T> gradient, Span<T> state)
    {
        if (gradient.Length != parameters.Length)
        {
            throw new ArgumentException(
                $"gradient length ({gradient.Length}) must equal parameters length ({parameters.Length}).", nameof(gradient));
        }

        StateBuffers = parameters.IsEmpty ? 0 : state.Length / parameters.Length;

        if (StateBuffers * parameters.Length != state.Length)
        {
            throw new ArgumentException(
                $"state length ({state.Length}) must be a multiple of parameters length ({parameters.Length}).", nameof(state));
        }

        Parameters = parameters;
        Gradient = gradient;
        _state = state;
        _stateStride = parameters.Length;
    }

    private OptimizerRange(OptimizerRange<T> whole, int start, int length)
    {
        this = whole;
        Parameters = whole.Parameters.Slice(start, length);
        Gradient = whole.Gradient.Slice(start, length);
        _start += start;
    }

    private OptimizerRange(OptimizerRange<T> range, ReadOnlySpan<T> gradient, int stateBuffers)
    {
        this = range;
        Gradient = gradient;
        StateBuffers = stateBuffers;
    }

    /// <summary>To be updated.</summary>
    public Span<T> Parameters { get; }

    /// <summary>The gradient, or a multiple of it.</summary>
    public ReadOnlySpan<T> Gradient { get; }

    /// <summary>Number of state buffers.</summary>
    public int StateBuffers { get; }

    /// <summary>This range of one state buffer.</summary>
    public Span<T> State(int buffer) => _state.Slice(buffer * _stateStride + _start, Parameters.Length);

    /// <summary>A part of this range: a chunk that fits the cache, or the rows of an embedding that a step touched.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not within this range.</exception>
    public OptimizerRange<T> Slice(int start, int length) => new(this, start, length);

    /// <summary>The same parameters and state with another gradient.</summary>
    internal OptimizerRange<T> With(ReadOnlySpan<T> gradient) => new(this, gradient, StateBuffers);

    /// <summary>Without the buffer of the average, which is no formula's.</summary>
    internal OptimizerRange<T> WithoutLastState() => new(this, Gradient, StateBuffers - 1);
}
