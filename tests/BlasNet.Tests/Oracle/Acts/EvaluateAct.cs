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

    protected override bool IsTraining => false;

    protected override IDisposable? Prepare(ProgramRun run) => UsesAverage ? TrainAct.Training(run).UseAverage(run) : null;

    protected override void Check(ProgramRun run, ExampleResult[] expected)
    {
        var evaluator = run.Get(() => run.Program.Awaits
            ? new Evaluator<RandomExample>(run.Model, (graph, example) => run.BuildAwaiting(graph, example, values => values[example.Outputs[0]]))
            : new Evaluator<RandomExample>(run.Model, (graph, example) => run.Build(graph, example)[example.Outputs[0]]));
        (evaluator.ComputeBatch, evaluator.Workers) = (ComputeBatch, Workers);
        var actual = new List<double[]>();
        RandomExample[] examples = [.. Enumerable.Repeat(Examples, Repeats).SelectMany(all => all)];
        switch (run.Program.Precision, IsStream)
        {
            case (Precision.Single, false): evaluator.Run(examples, (example, value) => Take(actual, example, value)); break;
            case (Precision.Single, true): evaluator.Run(examples.AsEnumerable(), (example, value) => Take(actual, example, value)); break;
            case (_, false): evaluator.RunDouble(examples, (example, value) => Take(actual, example, value)); break;
            default: evaluator.RunDouble(examples.AsEnumerable(), (example, value) => Take(actual, example, value)); break;
        }

        run.CompareSeen(Examples, expected);
        if (actual.Count != examples.Length)
            throw new DifferenceException($"{examples.Length} results expected, {actual.Count} given.");

        for (int i = 0; i < examples.Length; i++)
        {
            ExampleResult result = expected[i % expected.Length];
            run.Compare($"output of example {i}", result.ValueOf(examples[i].Outputs[0]), actual[i], result.Loss.Tape.LargestMagnitude);
        }
    }

    public override IEnumerable<Act> Simpler() => new EvaluateAct[]
    {
        this with { IsStream = false }, this with { Workers = 1 }, this with { ComputeBatch = 256 }, this with { Resets = false },
        this with { Repeats = 1 }, this with { UsesAverage = false },
    }.Where(simpler => simpler != this);

    public override string ToString() => string.Concat(
        $"Evaluator, ComputeBatch = {ComputeBatch}, Workers = {Workers}", IsStream ? ", a stream" : "",
        Repeats > 1 ? $", each example {Repeats} times" : "", UsesAverage ? ", with UseAverage" : "");

    private static void Take<T>(List<double[]> results, int example, ReadOnlySpan<T> value) where T : unmanaged, INumber<T>
    {
        if (example != results.Count)
            throw new DifferenceException($"result {results.Count} expected, that of {example} given.");

        results.Add(Doubles.Of(value));
    }
}
