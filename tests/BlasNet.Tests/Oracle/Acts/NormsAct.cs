using BlasNet.Training;

namespace BlasNet.Tests.Oracle;

/// <summary>The norms of single examples' gradients.</summary>
internal sealed record NormsAct(IReadOnlyList<RandomExample> Examples, int ComputeBatch) : Act(Examples)
{
    protected override bool IsTraining => false;

    protected override void Check(ProgramRun run, ExampleResult[] expected)
    {
        var norms = run.Get(() => run.Program.Awaits
            ? new GradientNorms<RandomExample>(run.Model, (graph, example) => run.BuildAwaiting(graph, example, values => values[example.Loss]))
            : new GradientNorms<RandomExample>(run.Model, (graph, example) => run.Build(graph, example)[example.Loss]));
        norms.ComputeBatch = ComputeBatch;
        norms.Run([.. Examples], (example, squaredNorms) =>
        {
            double[] squares = [.. expected[example].Gradients.Select(gradient => gradient.Sum(x => x * x))];
            run.Compare($"squared norms of example {example}", squares, squaredNorms, expected[example].Scale * expected[example].Scale);
        });
        run.CompareSeen(Examples, expected);
    }

    public override IEnumerable<Act> Simpler() => ComputeBatch < 256 ? [this with { ComputeBatch = 256 }] : [];

    public override string ToString() => $"GradientNorms, ComputeBatch = {ComputeBatch}";
}
