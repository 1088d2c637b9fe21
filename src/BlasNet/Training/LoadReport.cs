using BlasNet.Graphs;

namespace BlasNet.Training;

/// <summary>What <see cref="Model.LoadPartially(string, Func{string, string})"/> has taken from a file, and what not.</summary>
public sealed class LoadReport
{
    internal LoadReport(
        IReadOnlyList<KeyValuePair<Parameter, string>> taken, IReadOnlyList<Parameter> missing, IReadOnlyList<string> unexpected,
        IReadOnlyDictionary<string, string> metadata) =>
        (Taken, Missing, Unexpected, Metadata) = (taken, missing, unexpected, metadata);

    /// <summary>The parameters that have new values, in the model's order, each with the name of its tensor.</summary>
    public IReadOnlyList<KeyValuePair<Parameter, string>> Taken { get; }

    /// <summary>The parameters for which the file has no tensor: they are as they were.</summary>
    public IReadOnlyList<Parameter> Missing { get; }

    /// <summary>The names of the tensors that are no parameter's, but for those that the map of names leaves out.</summary>
    public IReadOnlyList<string> Unexpected { get; }

    /// <summary>The file's free text by name.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary><c>12 taken; missing: head.W [3 × 64]; unexpected: pooler.weight</c></summary>
    public override string ToString() =>
        $"{Taken.Count} taken; missing: {(Missing.Count == 0 ? "none" : string.Join(", ", Missing))}; "
        + $"unexpected: {(Unexpected.Count == 0 ? "none" : string.Join(", ", Unexpected))}";
}
