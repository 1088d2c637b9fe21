namespace BlasNet.Mutate;

/// <summary>The survivors and the table at the end.</summary>
internal static class Report
{
    /// <returns>Whether every mutant tried was caught.</returns>
    public static bool Write(List<Verdict> verdicts, Explained explained, List<Mutant> all)
    {
        Verdict[] survivors = [.. verdicts.Where(verdict => !verdict.Caught).OrderBy(verdict => verdict.Mutant.Id)];
        Console.WriteLine();
        foreach (Verdict survivor in survivors)
            Console.WriteLine(survivor);

        Console.WriteLine($"\n{"",-44} {"mutants",8} {"explained",9} {"tried",8} {"caught",8} {"survived",8}");
        foreach (IGrouping<string, Mutant> row in Rows(all))
            Console.WriteLine(Row(row.Key, [.. row], verdicts, explained));

        Console.WriteLine(Row("all", all, verdicts, explained));
        double seconds = verdicts.Sum(verdict => verdict.Processor.TotalSeconds);
        Console.WriteLine($"\n{seconds / Math.Max(1, verdicts.Count):0.00} s of processor time for a mutant.");
        foreach (string name in explained.Stale(all))
            Console.WriteLine($"Explained, but no mutant any more: {name}");

        if (survivors.Length > 0)
            Console.WriteLine("Survivors: catch each by a test, or explain it in tests/BlasNet.Mutate/Explained.txt.");

        return survivors.Length == 0;
    }

    /// <summary>By folder; by file if they are all of one.</summary>
    private static IEnumerable<IGrouping<string, Mutant>> Rows(List<Mutant> all)
    {
        IGrouping<string, Mutant>[] folders = [.. all.GroupBy(mutant => Path.GetDirectoryName(mutant.File) ?? "")];
        return folders.Length > 1 ? folders : all.GroupBy(mutant => mutant.File);
    }

    private static string Row(string name, List<Mutant> mutants, List<Verdict> verdicts, Explained explained)
    {
        HashSet<int> ids = [.. mutants.Select(mutant => mutant.Id)];
        Verdict[] tried = [.. verdicts.Where(verdict => ids.Contains(verdict.Mutant.Id))];
        int caught = tried.Count(verdict => verdict.Caught);
        return $"{name,-44} {mutants.Count,8} {mutants.Count(explained.Contains),9} {tried.Length,8} {caught,8} {tried.Length - caught,8}"
            + (tried.Length == 0 ? "" : $"  {caught / (double)tried.Length:P0}");
    }
}
