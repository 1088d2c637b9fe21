namespace BlasNet.Graphs;

/// <summary>The async function of one of several examples that are computed together has thrown.</summary>
public sealed class ExampleException : Exception
{
    internal ExampleException(int example, Exception inner)
        : base($"Example {example}: {inner.Message}", inner) => Example = example;

    /// <summary>The example's number, from 0, in the order of the examples given.</summary>
    public int Example { get; }
}
