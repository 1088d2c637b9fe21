namespace BlasNet.Mutate;

/// <summary>The list of mutants that no test can tell from the library: a line <c>file member: change</c> and below it, indented, the reason.</summary>
internal sealed class Explained
{
    private readonly Dictionary<string, string> _reasons = [];

    /// <exception cref="MutateException">A mutant without a reason.</exception>
    public static Explained Read(string file)
    {
        var explained = new Explained();
        string? mutant = null;
        foreach (string line in File.ReadLines(file).Where(line => line != "" && line[0] != '#'))
        {
            if (line[0] != ' ')
                explained._reasons[mutant = line] = "";
            else if (mutant is not null)
                explained._reasons[mutant] += line.Trim();
        }

        return explained._reasons.FirstOrDefault(pair => pair.Value == "") is { Key: { } bare }
            ? throw new MutateException($"{file}: no reason is given for {bare}")
            : explained;
    }

    public bool Contains(Mutant mutant) => _reasons.ContainsKey(NameOf(mutant));

    /// <returns>Entries of mutated files that are no mutant any more.</returns>
    public IEnumerable<string> Stale(List<Mutant> mutants)
    {
        HashSet<string> names = [.. mutants.Select(NameOf)], files = [.. mutants.Select(mutant => mutant.File)];
        return _reasons.Keys.Where(name => files.Contains(name[..name.IndexOf(' ', StringComparison.Ordinal)]) && !names.Contains(name));
    }

    private static string NameOf(Mutant mutant) => $"{mutant.File} {mutant.Change}";
}
