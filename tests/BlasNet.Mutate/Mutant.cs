namespace BlasNet.Mutate;

/// <summary>One change of the library.</summary>
/// <param name="Id">What the switch in the mutated library calls it.</param>
/// <param name="File">Relative to src/BlasNet.</param>
/// <param name="Line">From 1.</param>
/// <param name="Change">The member and the change: the mutant's name in the list of explained survivors, which a line number would not survive.</param>
internal sealed record Mutant(int Id, string File, int Line, string Change)
{
    public override string ToString() => $"{File}:{Line} {Change}";
}
