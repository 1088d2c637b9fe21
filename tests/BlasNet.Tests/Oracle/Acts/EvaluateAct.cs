using System.Numerics;
using BlasNet.Training;

namespace BlasNet.Tests.Oracle;

/// <summary>An evaluation of each example's first output.</summary>
internal sealed record EvaluateAct(IReadOnlyList<RandomExample> Examples, int ComputeBatch, int Workers, bool IsStream) : Act(Examples)
{
    /// <summary>How often each example comes: threads have more to do at once.</summary>
    public int Repeats { get; init; } = 1;

    /// <summary>With the average of the parameters over the steps so far in their place.</summary>
    public bool UsesAverage { get; init; }

    /// <summary>Whether the memory of passes is limited, so that they hold only some examples.</summary>
    public bool HasBudget { get; init; }

    protected override bool IsTraining => false;

    protected override IDisposable? Prepare(ProgramRun run) => UsesAverage ? TrainAct.Training(run).UseAverage(run) : null;

    protected override void Check(ProgramRun run, ExampleResult[] expected)
    {
        Evaluator<RandomExample> evaluator = EvaluatorOf(run);
        (evaluator.ComputeBatch, evaluator.Workers, evaluator.MemoryBudget) = (ComputeBatch, Workers, HasBudget ? 2000 * Workers : 0);
        RandomExample[] examples = [.. Enumerable.Repeat(Examples, Repeats).SelectMany(all => all)];
        List<double[]> actual = Run(evaluator, examples, run.Program.Precision);
        run.CompareSeen(Examples, expected);
        if (actual.Count != examples.Length)
            throw new DifferenceException($"{examples.Length} results expected, {actual.Count} given.");

        for (int i = 0; i < examples.Length; i++)
        {
            ExampleResult result = expected[i % expected.Length];
            run.Compare($"output of example {i}", result.ValueOf(examples[i].Outputs[0]), actual[i], result.Loss.Tape.LargestMagnitude);
        }
    }

    /// <summary>The one evaluator of the examples' first outputs.</summary>
    internal static Evaluator<RandomExample> EvaluatorOf(ProgramRun run) => run.Get(() => run.Program.Awaits
        ? new Evaluator<RandomExample>(run.Model, (graph, example) => run.BuildAwaiting(graph, example, values => values[example.Outputs[0]]))
        : new Evaluator<RandomExample>(run.Model, (graph, example) => run.Build(graph, example)[example.Outputs[0]]));

    public override IEnumerable<Act> Simpler() => new EvaluateAct[]
    {
        this with { IsStream = false }, this with { HasBudget = false }, this with { Workers = 1 }, this with { ComputeBatch = 256 },
        this with { Resets = false }, this with { Repeats = 1 }, this with { UsesAverage = false },
    }.Where(simpler => simpler != this);

    public override string ToString() => string.Concat(
        $"Evaluator, ComputeBatch = {ComputeBatch}, Workers = {Workers}", IsStream ? ", a stream" : "", HasBudget ? ", MemoryBudget" : "",
        Repeats > 1 ? $", each example {Repeats} times" : "", UsesAverage ? ", with UseAverage" : "");

    // A budget that is too small is refused: then again with just enough for the example that did not fit.
    private List<double[]> Run(Evaluator<RandomExample> evaluator, RandomExample[] examples, Precision precision)
    {
        while (true)
        {
            var results = new List<double[]>();
            try
            {
                switch (precision, IsStream)
                {
                    case (Precision.Single, false): evaluator.Run(examples, (example, value) => Take(results, example, value)); break;
                    case (Precision.Single, true): evaluator.Run(examples.AsEnumerable(), (example, value) => Take(results, example, value)); break;
                    case (_, false): evaluator.RunDouble(examples, (example, value) => Take(results, example, value)); break;
                    default: evaluator.RunDouble(examples.AsEnumerable(), (example, value) => Take(results, example, value)); break;
                }

                return results;
            }
            catch (MemoryBudgetException e) when (e.Bytes > evaluator.MemoryBudget / Workers)
            {
                evaluator.MemoryBudget = (e.Bytes + e.Bytes / 8) * Workers;
            }
        }
    }

    private static void Take<T>(List<double[]> results, int example, ReadOnlySpan<T> value) where T : unmanaged, INumber<T>
    {
        if (example != results.Count)
            throw new DifferenceException($"result {results.Count} expected, that of {example} given.");

        results.Add(Doubles.Of(value));
    }
}
