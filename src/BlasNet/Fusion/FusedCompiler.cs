using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Fusion;

/// <summary>From a small graph of element-wise operators over arguments to the steps of a <see cref="FusedProgram"/>.</summary>
/// <remarks>A slice is a place within its operand. Values that are set side by side, as the gradients of slices are, are computed right into their places.
/// </remarks>
internal sealed class FusedCompiler(Graph graph)
{
    private readonly List<FusedStep> _steps = [];
    private readonly List<FusedOperand> _operands = [];
    private readonly List<FusedBuffer> _buffers = [];
    private readonly List<double> _constants = [];
    private readonly Dictionary<int, FusedOperand> _known = [];

    /// <summary>Makes the program whose results are these nodes, or several nodes one above the other.</summary>
    public FusedProgram Run(IReadOnlyList<int[]> results)
    {
        for (int i = 0; i < results.Count; i++)
        {
            int[] parts = results[i];
            Shape shape = parts.Length == 1 ? graph.ShapeOf(parts[0]) : new Shape(parts.Sum(part => graph.ShapeOf(part).Rows));
            int buffer = NewBuffer(new FusedBuffer(shape, i, false));
            int offset = 0;
            foreach (int part in parts)
            {
                Write(part, buffer, offset);
                offset += graph.ShapeOf(part).Rows;
            }
        }

        return new FusedProgram(
            CollectionsMarshal.AsSpan(_steps), CollectionsMarshal.AsSpan(_operands), CollectionsMarshal.AsSpan(_buffers),
            CollectionsMarshal.AsSpan(_constants));
    }

    // Computes a node into a place.
    private void Write(int node, int buffer, int offset)
    {
        Shape shape = graph.ShapeOf(node);
        if (!_known.ContainsKey(node) && TryFindParts(node, out List<(int Node, int Start)> parts, out bool covered))
        {
            if (!covered)
                _buffers[buffer] = _buffers[buffer] with { Cleared = true };

            foreach (var (part, start) in parts)
                Write(part, buffer, offset + start);
        }
        else if (_known.ContainsKey(node) || graph.OperatorOf(node).Storage == Storage.External || graph.OperatorOf(node).Traits.RowShift == RowShift.Selects)
        {
            AddStep(null, 0, [ValueOf(node)], buffer, offset, shape);
        }
        else
        {
            AddStep(graph.OperatorOf(node), graph.AttributeOf(node), OperandsOf(node), buffer, offset, shape);
        }

        _known.TryAdd(node, new FusedOperand(FusedSource.Buffer, buffer, offset, shape));
    }

    private FusedOperand ValueOf(int node)
    {
        if (_known.TryGetValue(node, out FusedOperand known))
            return known;

        Operator op = graph.OperatorOf(node);
        long attribute = graph.AttributeOf(node);
        Shape shape = graph.ShapeOf(node);
        if (op == ArgumentOperator.Instance)
        {
            known = new FusedOperand(FusedSource.Input, (int)attribute, (int)(attribute >> 32), shape);   // a part of an input, from a row on
        }
        else if (op == ConstantOperator.Instance)
        {
            known = new FusedOperand(FusedSource.Constant, _constants.Count, 0, shape);
            _constants.Add(graph.Data.ElementAt(attribute, 0));
        }
        else if (op.Traits.RowShift == RowShift.Selects)
        {
            FusedOperand whole = ValueOf(graph.InputsOf(node)[0]);
            known = whole with { Offset = whole.Offset + Part.Of(attribute).Start, Shape = shape };
        }
        else
        {
            Write(node, NewBuffer(new FusedBuffer(shape, -1, false)), 0);
            return _known[node];
        }

        _known[node] = known;
        return known;
    }

    // The parts of a padded value, or of a sum of padded values, if no two of them overlap.
    private bool TryFindParts(int node, out List<(int Node, int Start)> parts, out bool covered)
    {
        parts = [];
        covered = false;
        ReadOnlySpan<int> terms = graph.OperatorOf(node) == PlusOperator.Instance ? graph.InputsOf(node) : [node];
        foreach (int term in terms)
        {
            if (graph.OperatorOf(term).Traits.RowShift != RowShift.Pads)
                return false;

            parts.Add((graph.InputsOf(term)[0], Part.Of(graph.AttributeOf(term)).Start));
        }

        parts.Sort(static (a, b) => a.Start.CompareTo(b.Start));
        int end = 0, rows = 0;
        foreach (var (part, start) in parts)
        {
            if (start < end)
                return false;

            end = start + graph.ShapeOf(part).Rows;
            rows += graph.ShapeOf(part).Rows;
        }

        covered = rows == graph.ShapeOf(node).Rows;
        return true;
    }

    private FusedOperand[] OperandsOf(int node)
    {
        ReadOnlySpan<int> inputs = graph.InputsOf(node);
        var operands = new FusedOperand[inputs.Length];
        for (int i = 0; i < operands.Length; i++)
            operands[i] = ValueOf(inputs[i]);

        // Of a sum with more terms than a step takes, the first ones are a step of their own.
        while (operands.Length > FusedProgram.MaxOperands)
        {
            Shape shape = graph.ShapeOf(node);
            int buffer = NewBuffer(new FusedBuffer(shape, -1, false));
            AddStep(PlusOperator.Instance, 0, operands[..FusedProgram.MaxOperands], buffer, 0, shape);
            operands = [new FusedOperand(FusedSource.Buffer, buffer, 0, shape), .. operands[FusedProgram.MaxOperands..]];
        }

        return operands;
    }

    private void AddStep(Operator? op, long attribute, FusedOperand[] operands, int buffer, int offset, Shape shape)
    {
        int first = _operands.Count;
        _operands.AddRange(operands);
        _steps.Add(new FusedStep(op, attribute, first, operands.Length, buffer, offset, shape));
    }

    private int NewBuffer(FusedBuffer buffer)
    {
        _buffers.Add(buffer);
        return _buffers.Count - 1;
    }
}
