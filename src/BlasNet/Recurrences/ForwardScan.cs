using System.Collections.Concurrent;
using BlasNet.Graphs;
using BlasNet.Graphs.Functions;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Recurrences;

/// <summary>The states of all vertices of a scan, from the first level to the last, and what their gradient reads.</summary>
/// <remarks>Its gradient is one node too, which goes through the levels backwards; the sums over all vertices that give the gradients of weights are nodes
/// after it.</remarks>
internal sealed class ForwardScan(string name, ScanProgram program, BackwardProgram backward) : ScanOperator(program.Results)
{
    private readonly ConcurrentDictionary<uint, BackwardScan> _gradients = [];   // by which parts of the state have a gradient from outside

    private readonly bool[] _indirect = [.. Enumerable.Range(0, Inputs(program, backward)).Select(program.ReadsIndirect)];

    public override string Name { get; } = name;

    public override int LaunchesOver(ScanList list) => program.Steps.Length * list.Levels;

    public override long CopiedBy(ScanList list) => program.CopiedBy(list);

    public override long ScratchOf(ScanList list) => program.ScratchOf(list);

    public override long FlopsOfVertex => program.Flops;

    private int Parts => program.StateRows.Length;

    private static int Inputs(ScanProgram program, BackwardProgram backward) => program.StateRows.Length + backward.BeforeCount + backward.SharedCount;

    public override void Forward<T>(in Operands<T> stack) => ScanRun<T>.Forward(program, stack, stack.Output.Count);

    public override bool ReadsIndirect(int input) => _indirect[input];

    public override void Gradient(in GradientContext g)
    {
        Span<int> inputs = stackalloc int[backward.Inputs.Length + Parts];
        int count = 0;
        foreach (ScanInput input in backward.Inputs)
            inputs[count++] = (input.IsResult ? g.Result(input.Index) : g.Input(input.Index)).Index;

        uint given = 0;
        for (int part = 0; part < Parts; part++)
        {
            if (g.GetTerms(part, inputs.Slice(count, 1)) > 0)
                (given, count) = (given | 1u << part, count + 1);
        }

        if (given == 0 || backward.Program.Results.Length == 0)
            return;

        BackwardScan op = GradientOf(given);
        int node = g.Graph.AppendWithResults(op, g.Attribute, inputs[..count], op.ResultShape(0, default), g.Result(0).Count, shared: false);
        ResultRange gradient = g.Graph.ResultsOf(node);
        uint parts = backward.PartsFrom(given);
        AccumulateArguments(g, gradient, parts);
        AccumulateShared(g, gradient, parts);
    }

    private BackwardScan GradientOf(uint given)
    {
        if (!_gradients.TryGetValue(given, out BackwardScan? known))
            known = _gradients.GetOrAdd(given, new BackwardScan($"{Name}-gradient", backward, given));

        return known;
    }

    private void AccumulateArguments(in GradientContext g, ResultRange gradient, uint parts)
    {
        int states = new ScanList(g.Graph.List(g.Attribute)).Slots * Parts;
        for (int argument = 0; argument < backward.Gradients.Length; argument++)
        {
            if (backward.Gradients[argument] is not (>= 0 and var result) || !backward.IsReached(argument, parts))
                continue;

            Expr contribution = g.Graph.At(gradient[result]);
            if (argument >= states)
                g.Accumulate(Parts + argument - states, contribution);
            else if (g.IsNeeded(argument % Parts))
                AccumulateStarts(g, contribution, slot: argument / Parts, part: argument % Parts);
        }
    }

    // What the vertices after the starts give back to them.
    private void AccumulateStarts(in GradientContext g, Expr contribution, int slot, int part)
    {
        var list = new ScanList(g.Graph.List(g.Attribute));
        var moves = new MoveList(g.Graph.ReserveMoves(list.Count, out long attribute), program.StateRows[part]);
        for (int vertex = 0; vertex < list.Count; vertex++)
        {
            int place = list.PredecessorsOf(vertex)[slot];
            if (place >= 0 && place < list.Starts)
                moves.Add(0, vertex, place);
        }

        attribute = g.Graph.KeepMoves(attribute, moves.Count);
        if (moves.Count > 0)
            g.AccumulateMoved(part, contribution, attribute);
    }

    private void AccumulateShared(in GradientContext g, ResultRange gradient, uint parts)
    {
        Graph graph = g.Graph;
        int first = g.InputCount - backward.SharedCount;
        for (int i = 0; i < backward.Terms.Length; i++)
        {
            var (term, left, right) = backward.Terms[i];
            if (!g.IsNeeded(first + term.Shared) || !backward.IsTermReached(i, parts))
                continue;

            int value = ValueOf(g, left, gradient);
            g.Accumulate(first + term.Shared, graph.At(term.Sum is null ? value : graph.Append(term.Sum, 0, [value, ValueOf(g, right, gradient)])));
        }
    }

    private int ValueOf(in GradientContext g, ScanValue value, ResultRange gradient) => value.Kind switch
    {
        ScanValueKind.State => PredecessorsOf(g, slot: value.Index / Parts, part: value.Index % Parts),
        ScanValueKind.Result => g.Result(value.Index).Index,
        _ => gradient[value.Index],
    };

    // For each vertex the state that it started from.
    private int PredecessorsOf(in GradientContext g, int slot, int part)
    {
        Graph graph = g.Graph;
        var list = new ScanList(graph.List(g.Attribute));
        var shape = new Shape(program.StateRows[part]);
        int starts = g.Input(part).Index, states = g.Result(part).Index, zeros = HasEmpty(list, slot) ? Zeros(graph, shape.Rows) : -1;
        var moves = new MoveList(graph.ReserveMoves(list.Count, out long attribute), shape.Rows);
        for (int vertex = 0; vertex < list.Count; vertex++)
        {
            int place = list.PredecessorsOf(vertex)[slot];
            moves.Add(place < 0 ? 2 : place < list.Starts ? 0 : 1, place < 0 ? 0 : place < list.Starts ? place : place - list.Starts, vertex);
        }

        ReadOnlySpan<int> inputs = [starts, states, zeros];
        return graph.AppendStack(
            GatherOperator.Instance, graph.KeepMoves(attribute, moves.Count), zeros < 0 ? inputs[..2] : inputs, shape, list.Count, shared: false);
    }

    private static bool HasEmpty(ScanList list, int slot)
    {
        for (int vertex = 0; vertex < list.Count; vertex++)
        {
            if (list.PredecessorsOf(vertex)[slot] < 0)
                return true;
        }

        return false;
    }

    private static int Zeros(Graph graph, int rows) =>
        graph.AppendStack(BroadcastOperator.Instance, rows, [graph.OwnConstant(0).Index], Shape.Scalar, rows, shared: false);

    // Moves of vectors; neighbours move together.
    private ref struct MoveList(Span<Move> moves, int rows)
    {
        private readonly Span<Move> _moves = moves;

        public int Count { get; private set; }

        public void Add(int input, int source, int target)
        {
            var move = new Move(input, source * rows, target * rows, rows);
            if (Count > 0 && _moves[Count - 1] is var last && last.Input == input
                && last.Source + last.Length == move.Source && last.Target + last.Length == move.Target)
            {
                _moves[Count - 1] = last with { Length = last.Length + rows };
                return;
            }

            _moves[Count++] = move;
        }
    }
}
