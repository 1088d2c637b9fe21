using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Passes;

namespace BlasNet.Tests.Oracle;

/// <summary>The public <c>graph.Batch()</c>: every output is found in the stack that it is said to be in.</summary>
internal sealed record BatchAct(IReadOnlyList<RandomExample> Examples) : TypedAct(Examples)
{
    protected override bool IsTraining => false;

    public override string ToString() => "graph.Batch()";

    protected override void Check<T>(ProgramRun run, ExampleResult[] expected)
    {
        Graph graph = run.Model.NewGraph();
        Expr[] outputs = [.. Examples.Select(example => run.Build(graph, example)[example.Outputs[0]])];
        BatchedGraph batched = graph.Batch();
        (Expr Stack, int Element)[] places = [.. outputs.Select(batched.Locate)];
        using var engine = new Engine<T>(run.Model.Store<T>(), ComputeOptions.AsWritten);
        engine.Prepare(batched.Graph, [.. places.Select(place => place.Stack)]);
        engine.Execute();
        for (int i = 0; i < expected.Length; i++)
        {
            double[] value = expected[i].ValueOf(Examples[i].Outputs[0]);
            ReadOnlySpan<T> actual = engine.ValueOf(i).Slice(places[i].Element, value.Length);
            run.Compare($"output of example {i} in {places[i].Stack}", value, actual, expected[i].Loss.Tape.LargestMagnitude);
        }

        if (batched.Graph.ToText().Length == 0 && batched.Graph.Count > 0)
            throw new DifferenceException("the batched graph prints as nothing.");
    }
}
