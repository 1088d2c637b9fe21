using BlasNet.Batching;

namespace BlasNet.Tests.Oracle;

/// <summary>Something that is done with a program's model, and compared with what the definitions give.</summary>
/// <param name="Examples">On which it is done, in their order.</param>
internal abstract record Act(IReadOnlyList<RandomExample> Examples)
{
    private const double LargestScaleOfSingle = 1e3;   // beyond it rounding would be all there is to see

    /// <summary>Puts the parameters' first values back before.</summary>
    public bool Resets { get; init; }

    /// <summary>Whether random draws are drawn.</summary>
    protected abstract bool IsTraining { get; }

    /// <summary>Does it and compares; nothing where an example is not tame with the parameters as they are.</summary>
    /// <exception cref="DifferenceException">Something is not as defined.</exception>
    public void Check(ProgramRun run)
    {
        if (run.IsLost)
        {
            run.Tally.Skipped++;
            return;
        }

        if (Resets)
            run.Reset();

        run.ForgetSeen();
        using IDisposable? end = Prepare(run);
        ExampleResult[] expected = Evaluate(run);
        if (AreTame(run, expected))
            Check(run, expected);
        else
            run.Tally.Skipped++;
    }

    /// <summary>Whether there is more to see than rounding.</summary>
    protected static bool AreTame(ProgramRun run, ExampleResult[] results) => Array.TrueForAll(results, result =>
        result.IsTame && !(run.Program.Precision == Precision.Single && result.Scale > LargestScaleOfSingle));

    /// <summary>The examples and what else is written like one.</summary>
    public virtual IEnumerable<RandomExample> All => Examples;

    /// <summary>With each of them changed.</summary>
    public virtual Act With(Func<RandomExample, RandomExample> change) => this with { Examples = [.. Examples.Select(change)] };

    /// <summary>The same with fewer settings.</summary>
    public virtual IEnumerable<Act> Simpler() => Resets ? [this with { Resets = false }] : [];

    /// <summary>The defaults where they differ, or a switch less that differs from them.</summary>
    protected static IEnumerable<ComputeOptions> Simpler(ComputeOptions options) => new ComputeOptions[]
    {
        new() { Verify = true }, options with { Batching = true }, options with { DifferentiateFirst = false }, options with { ShareEqual = true },
        options with { NumbersApart = Signatures.DefaultNumbersApart },
        options with { Simplify = true }, options with { Fuse = true }, options with { ReuseMemory = true }, options with { CachedPlans = 8 },
    }.Where(simpler => simpler != options);

    /// <summary>As lines of C#.</summary>
    public IEnumerable<string> Lines(Func<int, string> name) =>
    [
        $"  {this}{(Resets ? ", parameters reset before" : "")}:",
        .. Examples.SelectMany((example, i) => example.Lines($"example {i}", name)),
        .. MoreLines(name),
    ];

    protected virtual IEnumerable<string> MoreLines(Func<int, string> name) => [];

    protected abstract void Check(ProgramRun run, ExampleResult[] expected);

    /// <summary>Changes the model for the time of the act.</summary>
    protected virtual IDisposable? Prepare(ProgramRun run) => null;

    protected virtual long SeedOf(ProgramRun run) => run.Program.Seed;

    private ExampleResult[] Evaluate(ProgramRun run)
    {
        double[][] values = run.Values();
        return [.. Examples.Select((example, i) => example.Evaluate(run.Program.Parameters, values, SeedOf(run), i, IsTraining))];
    }
}

/// <summary>What BlasNet gave differs from the definition.</summary>
internal sealed class DifferenceException(string message) : Exception(message);
