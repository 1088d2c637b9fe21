using BlasNet.Serving;
using BlasNet.Training;

namespace BlasNet.Tests.Oracle;

/// <summary>Each example's first output, asked for by itself while others are computed.</summary>
internal sealed record ServeAct(IReadOnlyList<RandomExample> Examples, int Workers, int MaxBatchSize, int Repeats) : Act(Examples)
{
    protected override bool IsTraining => false;

    protected override void Check(ProgramRun run, ExampleResult[] expected)
    {
        Evaluator<RandomExample> evaluator = EvaluateAct.EvaluatorOf(run);
        (evaluator.ComputeBatch, evaluator.Workers, evaluator.MemoryBudget) = (256, 1, 0);
        RandomExample[] examples = [.. Enumerable.Repeat(Examples, Repeats).SelectMany(all => all)];
        double[][] answers = Task.Run(() => Answer(evaluator, examples, run.Program.Precision)).GetAwaiter().GetResult();
        run.CompareSeen(Examples, expected);
        for (int i = 0; i < examples.Length; i++)
        {
            ExampleResult result = expected[i % expected.Length];
            run.Compare($"answer to example {i}", result.ValueOf(examples[i].Outputs[0]), answers[i], result.Loss.Tape.LargestMagnitude);
        }
    }

    public override IEnumerable<Act> Simpler() => new ServeAct[]
    {
        this with { Workers = 1 }, this with { MaxBatchSize = 256 }, this with { Repeats = 1 },
    }.Where(simpler => simpler != this);

    public override string ToString() =>
        $"BatchingEvaluator, Workers = {Workers}, MaxBatchSize = {MaxBatchSize}{(Repeats > 1 ? $", each example {Repeats} times" : "")}";

    private async Task<double[][]> Answer(Evaluator<RandomExample> evaluator, RandomExample[] examples, Precision precision)
    {
        BatchModel<RandomExample, double[]> model = precision == Precision.Single
            ? BatchModel.Of(evaluator, (RandomExample _, ReadOnlySpan<float> value) => Doubles.Of(value))
            : BatchModel.OfDouble(evaluator, (RandomExample _, ReadOnlySpan<double> value) => Doubles.Of(value));
        var options = new BatchingOptions<RandomExample> { Workers = Workers, MaxBatchSize = MaxBatchSize };
        await using var batching = new BatchingEvaluator<RandomExample, double[]>(model, options);
        return await Task.WhenAll(examples.Select(example => batching.RunAsync(example).AsTask()));
    }
}
