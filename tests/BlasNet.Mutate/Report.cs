namespace BlasNet.Mutate;

/// <summary>The table at the end.</summary>
internal static class Report
{
    /// <returns>Whether every survivor is explained.</returns>
    public static bool Write(List<Verdict> verdicts, Explained explained, List<Mutant> all)
    {
        Verdict[] survivors = [.. verdicts.Where(verdict => !verdict.Caught).OrderBy(verdict => verdict.Mutant.Id)];
        Console.WriteLine();
        foreach (Verdict survivor in survivors)
            Console.WriteLine($"{survivor.Mutant}{(survivor.Reached ? "" : " (not reached by a test)")}");

        Console.WriteLine($"\n{"",-44} {"mutants",8} {"tried",8} {"caught",8} {"survived",8} {"explained",9}");
        foreach (IGrouping<string, Mutant> file in all.GroupBy(mutant => mutant.File))
            Console.WriteLine(Row(file.Key, [.. file], verdicts, explained));

        Console.WriteLine(Row("", all, verdicts, explained));
        double seconds = verdicts.Sum(verdict => verdict.Processor.TotalSeconds);
        Console.WriteLine($"\n{seconds / Math.Max(1, verdicts.Count):0.00} s of processor time for a mutant.");
        foreach (string name in explained.Stale(all))
            Console.WriteLine($"Explained, but no mutant any more: {name}");

        return survivors.Length == 0;
    }

    private static string Row(string name, List<Mutant> mutants, List<Verdict> verdicts, Explained explained)
    {
        HashSet<int> ids = [.. mutants.Select(mutant => mutant.Id)];
        Verdict[] tried = [.. verdicts.Where(verdict => ids.Contains(verdict.Mutant.Id))];
        int caught = tried.Count(verdict => verdict.Caught);
        return $"{name,-44} {mutants.Count,8} {tried.Length,8} {caught,8} {tried.Length - caught,8} {mutants.Count(explained.Contains),9}"
            + (tried.Length == 0 ? "" : $"  {caught / (double)tried.Length:P0}");
    }
}
