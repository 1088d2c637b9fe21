using System.Numerics;
using BlasNet.Differentiation;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Tests.Oracle;

/// <summary>What the engine is asked for besides all outputs and the gradient of the losses' sum.</summary>
internal enum EngineRequest
{
    /// <summary>The gradient, over some passes.</summary>
    Gradient,

    /// <summary>The norms of the examples' gradients, and their sum clipped.</summary>
    PerExample,
}

/// <summary>A run of the engine itself, with passes on and off.</summary>
internal sealed record EngineAct(IReadOnlyList<RandomExample> Examples, ComputeOptions Options, EngineRequest Request, int Passes) : TypedAct(Examples)
{
    private const double ClipNorm = 0.75;

    protected override bool IsTraining => true;

    public override string ToString() => $"Engine, {Request}, {Passes} passes, {Options}";

    public override IEnumerable<Act> Simpler()
    {
        if (Passes > 1)
            yield return this with { Passes = 1 };

        foreach (ComputeOptions simpler in Simpler(Options))
            yield return this with { Options = simpler };
    }

    protected override void Check<T>(ProgramRun run, ExampleResult[] expected)
    {
        EngineTool<T> tool = run.GetEngine<T>(Options);
        double scale = expected.Max(result => result.Scale), clip = Request == EngineRequest.PerExample ? ClipNorm : double.PositiveInfinity;
        double[][] gradient = Doubles.Like(run.Values());
        foreach (ExampleResult result in expected)
            Doubles.Add(gradient, result.Gradients, Math.Min(1, clip / Math.Sqrt(Doubles.SquaredNorm(result.Gradients))));

        int perPass = Request == EngineRequest.PerExample ? Examples.Count : (Examples.Count + Passes - 1) / Passes;
        for (int first = 0; first < Examples.Count; first += perPass)
            Run(tool, run, expected, first, Math.Min(perPass, Examples.Count - first));

        for (int i = 0; i < gradient.Length; i++)
            run.Compare($"gradient of {run.Parameters[i]}", gradient[i], tool.Gradient.SpanOf(run.Parameters[i]), scale);
    }

    private void Run<T>(EngineTool<T> tool, ProgramRun run, ExampleResult[] expected, int first, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (tool.Graph.IsTraining, tool.Graph.RandomSeed) = (true, run.Program.Seed);
        var request = new PerExample { ClipNorm = ClipNorm };
        var asked = new List<(int Example, int Value)>();
        var outputs = new List<Expr>();
        tool.Graph.Clear();
        for (int example = first; example < first + count; example++)
        {
            tool.Graph.BeginExample(example);
            request.Starts.Add(tool.Graph.Count);
            ExampleValues values = run.Build(tool.Graph, Examples[example]);
            request.Losses.Add(values[Examples[example].Loss].In(tool.Graph));
            foreach (int output in Request == EngineRequest.PerExample ? [] : Examples[example].Outputs)
            {
                asked.Add((example, output));
                outputs.Add(values[output]);
            }
        }

        bool byExample = Request == EngineRequest.PerExample;
        tool.Engine.Prepare(tool.Graph, [.. outputs], Op.Total([.. request.Losses]), run.Parameters, byExample ? request : null);
        tool.Engine.Execute(tool.Gradient, accumulate: first > 0);
        for (int i = 0; i < asked.Count; i++)
        {
            ExampleResult result = expected[asked[i].Example];
            string what = $"value {asked[i].Value} of example {asked[i].Example}";
            run.Compare(what, result.ValueOf(asked[i].Value), tool.Engine.ValueOf(i), result.Loss.Tape.LargestMagnitude);
        }

        for (int i = 0; byExample && i < run.Parameters.Length; i++)
        {
            double[] norms = [.. expected.Select(result => Math.Sqrt(result.Gradients[i].Sum(x => x * x)))];
            ReadOnlySpan<T> actual = tool.Engine.NormsOf(i);
            run.Compare($"norms of {run.Parameters[i]}", norms, actual.IsEmpty ? new T[count] : actual, expected.Max(result => result.Scale));
        }
    }
}

/// <summary>An engine and what it writes to; kept, so that what one run leaves there would show in the next.</summary>
internal sealed class EngineTool<T> : IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public EngineTool(ProgramRun run, ComputeOptions options)
    {
        (Graph, Engine) = (run.Model.NewGraph(), new Engine<T>(run.Model.Store<T>(), options));
        Gradient = new GradientBuffer<T>(run.Model.Store<T>().Length, run.Parameters);
    }

    public Graph Graph { get; }

    public Engine<T> Engine { get; }

    public GradientBuffer<T> Gradient { get; }

    public void Dispose()
    {
        Engine.Dispose();
        Gradient.Dispose();
    }
}
