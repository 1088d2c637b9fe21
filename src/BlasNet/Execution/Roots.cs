using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Execution;

/// <summary>The values of a graph that are wanted of it, wherever they lie: every rewrite moves them along.</summary>
internal sealed class Roots
{
    private readonly List<int> _kept = [];

    /// <summary>The values to be read after the run: where they begin, and their number of elements.</summary>
    public List<(Location Place, int Length)> Outputs { get; } = [];

    /// <summary>The losses to be differentiated: one, their sum, or each example's. None after differentiation.</summary>
    public List<Location> Losses { get; } = [];

    /// <summary>The parameters whose gradients are wanted.</summary>
    public List<Parameter> Parameters { get; } = [];

    /// <summary>The nodes of these parameters. None after differentiation.</summary>
    public List<int> Targets { get; } = [];

    /// <summary>After differentiation, for each target its gradient; −1 where that is 0.</summary>
    public List<int> Gradients { get; } = [];

    /// <summary>Takes what a request asks for.</summary>
    public void Take(in PlanRequest request)
    {
        Graph graph = request.Graph;
        Clear();
        foreach (Expr output in request.Outputs)
            Outputs.Add((new Location(output.IndexIn(graph)), output.Count * output.Shape.Size));

        if (request.Loss is not { } loss)
            return;

        foreach (Parameter parameter in request.Parameters)
        {
            Parameters.Add(parameter);
            Targets.Add(graph.Use(parameter).Index);
        }

        ReadOnlySpan<Expr> losses = request.PerExample is { } perExample ? CollectionsMarshal.AsSpan(perExample.Losses) : [loss];
        foreach (Expr own in losses)
            Losses.Add(new Location(own.IndexIn(graph)));
    }

    /// <summary>Lets the losses and targets go, which need no longer be nodes of the graph.</summary>
    public void EndDifferentiation()
    {
        Losses.Clear();
        Targets.Clear();
    }

    /// <summary>The nodes whose values are wanted; valid until asked again.</summary>
    public ReadOnlySpan<int> Kept()
    {
        _kept.Clear();
        foreach ((Location place, _) in Outputs)
            _kept.Add(place.Node);

        foreach (Location loss in Losses)
            _kept.Add(loss.Node);

        _kept.AddRange(Gradients);
        return CollectionsMarshal.AsSpan(_kept);
    }

    /// <summary>The nodes of the outputs; valid until asked again.</summary>
    public ReadOnlySpan<int> OutputNodes() => Kept()[..Outputs.Count];

    /// <summary>Leaves out the gradients that are 0, and their parameters.</summary>
    /// <param name="zero">Receives these parameters.</param>
    public void DropZeroGradients(List<Parameter> zero)
    {
        int count = 0;
        for (int i = 0; i < Gradients.Count; i++)
        {
            if (Gradients[i] < 0)
                zero.Add(Parameters[i]);
            else
                (Gradients[count], Parameters[count++]) = (Gradients[i], Parameters[i]);
        }

        CollectionsMarshal.SetCount(Gradients, count);
        CollectionsMarshal.SetCount(Parameters, count);
    }

    /// <summary>Follows a rewrite from its source to its target.</summary>
    public void Follow(IRewrite rewrite, Graph source)
    {
        foreach (ref (Location Place, int Length) output in CollectionsMarshal.AsSpan(Outputs))
            output.Place = Moved(rewrite, output.Place);

        foreach (ref Location loss in CollectionsMarshal.AsSpan(Losses))
            loss = Moved(rewrite, loss);

        foreach (ref int target in CollectionsMarshal.AsSpan(Targets))
            target = rewrite.Locate(target).Node;

        foreach (ref int gradient in CollectionsMarshal.AsSpan(Gradients))
            gradient = gradient < 0 ? -1 : Single(rewrite.Target, rewrite.Locate(gradient), source.ShapeOf(gradient));
    }

    /// <summary>A node that holds a value and nothing else: what is part of a stack is taken out of it.</summary>
    /// <param name="graph">May be extended.</param>
    /// <param name="place">Where the value lies.</param>
    /// <param name="shape">Its shape; a stack of columns has another one than the value whose columns they are.</param>
    public static int Single(Graph graph, Location place, Shape shape)
    {
        if (graph.CountOf(place.Node) == 1 && graph.ShapeOf(place.Node) == shape)
            return place.Node;

        long moves = graph.AddMoves([new Move(0, place.Offset, 0, shape.Size)]);
        return graph.AppendStack(GatherOperator.Instance, moves, [place.Node], shape, 1, shared: false);
    }

    private static Location Moved(IRewrite rewrite, Location place)
    {
        (int node, int offset) = rewrite.Locate(place.Node);
        return new Location(node, place.Offset + offset);
    }

    private void Clear()
    {
        Outputs.Clear();
        Losses.Clear();
        Parameters.Clear();
        Targets.Clear();
        Gradients.Clear();
    }
}
