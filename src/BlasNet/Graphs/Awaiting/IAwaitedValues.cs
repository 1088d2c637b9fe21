namespace BlasNet.Graphs.Awaiting;

/// <summary>Computes values of a graph that is still being built, for functions that wait for them.</summary>
internal interface IAwaitedValues
{
    /// <summary>Whether a value is there already.</summary>
    bool IsKnown(int node);

    /// <summary>Goes on with the example at hand when a value is there.</summary>
    void Await(int node, Continuation continuation);

    /// <summary>A value that is there.</summary>
    ExprValue ValueOf(int node);
}
