using BlasNet.Training;

namespace BlasNet.Tests.Oracle;

/// <summary>Steps that are done in two ways with models of their own, to the same bits. One of the ways the other acts compare with the definition.</summary>
/// <param name="Training">The steps' settings.</param>
internal abstract record SameBitsAct(TrainAct Training) : Act(Training.Examples)
{
    /// <summary>The other way, for reports.</summary>
    protected abstract string Name { get; }

    protected sealed override bool IsTraining => true;

    /// <summary>The parameters after the steps, and the losses.</summary>
    protected abstract double[][] Wanted(RandomProgram program);

    /// <summary>The same in the other way, of all that take part in it.</summary>
    protected abstract double[][][] Given(RandomProgram program);

    protected sealed override void Check(ProgramRun run, ExampleResult[] expected)
    {
        double[][] wanted;
        try
        {
            wanted = Wanted(run.Program);
        }
        catch (Exception e) when (e is NonFiniteException or MemoryBudgetException)
        {
            return;   // a step that makes the values of the next one infinite; a budget too small for an example
        }

        foreach (double[][] given in Given(run.Program))
        {
            for (int i = 0; i < wanted.Length; i++)
            {
                run.Tally.Comparisons++;
                if (!given[i].AsSpan().SequenceEqual(wanted[i]))
                    throw new DifferenceException($"{NameOf(run, i)}: expected [{string.Join(", ", wanted[i])}], got [{string.Join(", ", given[i])}].");
            }
        }
    }

    public sealed override Act With(Func<RandomExample, RandomExample> change)
    {
        var training = (TrainAct)Training.With(change);
        return this with { Training = training, Examples = training.Examples };
    }

    public sealed override IEnumerable<RandomExample> All => Training.All;

    public override IEnumerable<Act> Simpler() => Training.Simpler().Select(simpler => this with { Training = (TrainAct)simpler });

    public sealed override string ToString() => $"{Name}: {Training}";

    /// <summary>Steps over all examples, over single ones, and over two that are alike but for their data: plans are found again for other words.</summary>
    /// <returns>The losses.</returns>
    protected double[] Step(Trainer<RandomExample> trainer, int first, int count)
    {
        RandomExample[] counting = [.. Examples.Where(example => !Training.IsWeighted || example.Weight > 0)];
        int alike = Math.Min(4, counting.Length);   // the last ones
        return [.. Enumerable.Range(first, count).Select(step => trainer.Step(ExamplesOf(step)))];

        RandomExample[] ExamplesOf(int step) => (step % 4) switch
        {
            0 => [.. Examples],
            1 => [counting[step % counting.Length]],
            _ => [counting[^(1 + (step % alike))], counting[^(1 + ((step + 1 + (step / 4)) % alike))]],
        };
    }

    private static string NameOf(ProgramRun run, int value) => value < run.Parameters.Length ? run.Parameters[value].ToString() : "losses";
}
