namespace BlasNet.Mutate;

/// <summary>What the tests made of a mutant.</summary>
/// <param name="Mutant">The change.</param>
/// <param name="Caught">Whether a test failed, crashed or did not end.</param>
/// <param name="Reached">Whether a test executes its place at all.</param>
/// <param name="Processor">Time that the tests took.</param>
internal sealed record Verdict(Mutant Mutant, bool Caught, bool Reached, TimeSpan Processor)
{
    public override string ToString() => $"{Mutant}{(Reached ? $"  (BLASNET_MUTANT={Mutant.Id})" : "  (not reached by a test)")}";
}

/// <summary>Runs the tests that reach a mutant, those first that are fast and have caught others of its file.</summary>
internal sealed class Trial(TestProgram tests, Coverage coverage)
{
    // Long enough for a busy machine and a library whose loops are slower with switches in them.
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(10);

    private const string Oracle = "BlasNet.Tests.Oracle.RandomGraphTests";

    // The classes of the first process; most mutants end there.
    private static readonly TimeSpan FirstShare = TimeSpan.FromSeconds(2);

    private readonly Dictionary<(string File, string Class), int> _caught = [];

    public async Task<Verdict> Run(Mutant mutant)
    {
        string[] classes = Ordered(mutant);
        TimeSpan used = default;
        foreach (string[] share in Shares(classes))
        {
            TimeSpan limit = Start + 4 * share.Aggregate(TimeSpan.Zero, (sum, name) => sum + coverage.TimeOf(name));
            Outcome outcome = await tests.Run(share, limit, ("BLASNET_MUTANT", $"{mutant.Id}"));
            used += outcome.Processor;
            if (outcome.Passed)
                continue;

            Count(mutant, share);
            return new(mutant, Caught: true, Reached: true, used);
        }

        bool isCaught = classes.Contains(Oracle) && !await SurvivesAll(mutant);
        return new(mutant, isCaught, classes.Length > 0, used);
    }

    // As many random programs as the suite has.
    private async Task<bool> SurvivesAll(Mutant mutant)
    {
        TimeSpan limit = Start + 100 * coverage.TimeOf(Oracle);
        Outcome outcome = await tests.Run([Oracle], limit, ("BLASNET_MUTANT", $"{mutant.Id}"), (TestProgram.RandomPrograms, "2500"));
        return outcome.Passed;
    }

    private string[] Ordered(Mutant mutant)
    {
        lock (_caught)
            return [.. coverage.ClassesOf(mutant).OrderBy(name => coverage.TimeOf(name) / (1 + _caught.GetValueOrDefault((mutant.File, name))))];
    }

    private IEnumerable<string[]> Shares(string[] classes)
    {
        TimeSpan sum = default;
        int first = classes.TakeWhile((name, i) => (sum += coverage.TimeOf(name)) <= FirstShare || i == 0).Count();
        return new[] { classes[..first], classes[first..] }.Where(share => share.Length > 0);
    }

    private void Count(Mutant mutant, string[] classes)
    {
        lock (_caught)
        {
            foreach (string name in classes)
                _caught[(mutant.File, name)] = _caught.GetValueOrDefault((mutant.File, name)) + 1;
        }
    }
}
