namespace BlasNet.Datasets;

/// <summary>A line of a file of columns.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Columns">Texts.</param>
public readonly record struct TabLine(long Number, IReadOnlyList<string> Columns);
