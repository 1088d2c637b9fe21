using System.Runtime.InteropServices;
using BlasNet.Graphs;

namespace BlasNet.Fusion;

/// <summary>Copies a graph, merging element-wise nodes that only one other element-wise node reads into that node.</summary>
/// <remarks>Runs on what is to be planned, after differentiation. A value that is computed and read within one chunk never travels to memory.
/// Single values are left alone: there is nothing to cut into chunks. A graph without chains stays itself. Time O(N + E).</remarks>
internal sealed class Fuse(Graph target) : NodeRewrite(target)
{
    private const int LongestChain = 12;

    private readonly Readers _readers = new();
    private readonly List<FusedOperator> _known = [];   // equal chains are one operator, so that steps seen before allocate nothing
    private readonly List<FusedStep> _steps = [];
    private readonly List<FusedOperand> _operands = [];
    private readonly List<FusedBuffer> _buffers = [];
    private readonly List<int> _inputs = [];
    private int[] _length = [];      // of the chain that ends at a node
    private bool[] _isMerged = [];   // into its only reader

    protected override void Rewrite(Graph source, int node)
    {
        if (_isMerged[node])
            Rewriter[node] = -1;
        else if (_length[node] > 1)
            Rewriter[node] = AppendChain(source, node);
        else
            Rewriter.Copy(node);
    }

    // Whether a node can be part of its only reader; chains grow from their first node on. False where there are none.
    protected override bool FindChanges(Graph source, ReadOnlySpan<int> kept)
    {
        int count = source.Count;
        if (_length.Length < count)
            (_length, _isMerged) = (new int[source.Capacity], new bool[source.Capacity]);

        Array.Clear(_isMerged, 0, count);
        _readers.Run(source, kept);
        bool found = false;
        for (int node = 0; node < count; node++)
        {
            _length[node] = 1;
            if (!IsFusible(source, node))
                continue;

            foreach (int input in source.InputsOf(node))
            {
                if (_readers.SoleReaderOf(input) != node || source.CountOf(input) != source.CountOf(node) || !IsFusible(source, input)
                    || _length[node] + _length[input] > LongestChain)
                    continue;

                found = _isMerged[input] = true;
                _length[node] += _length[input];
            }
        }

        return found;
    }

    private int AppendChain(Graph source, int last)
    {
        _steps.Clear();
        _operands.Clear();
        _buffers.Clear();
        _inputs.Clear();
        Collect(source, last, last);
        Shape shape = source.ShapeOf(last);
        int node = Target.AppendStack(Interned(shape), 0, CollectionsMarshal.AsSpan(_inputs), shape, source.CountOf(last), source.IsShared(last));
        Rewriter.TakeName(last, node);
        return node;
    }

    private static bool IsFusible(Graph source, int node) =>
        source.CountOf(node) > 1 && source.OperatorOf(node).IsFusible && source.InputsOf(node).Length <= FusedProgram.MaxOperands;

    // Appends the steps of a node and of all that is merged into it, operands first; returns the node's step.
    private int Collect(Graph source, int node, int last)
    {
        ReadOnlySpan<int> inputs = source.InputsOf(node);
        Span<FusedOperand> operands = stackalloc FusedOperand[FusedProgram.MaxOperands];
        for (int i = 0; i < inputs.Length; i++)
        {
            operands[i] = _isMerged[inputs[i]]
                ? new FusedOperand(FusedSource.Buffer, Collect(source, inputs[i], last), 0, source.ShapeOf(inputs[i]))
                : new FusedOperand(FusedSource.Input, InputOf(Rewriter[inputs[i]]), 0, source.ShapeOf(inputs[i]));
        }

        int step = _steps.Count;
        _steps.Add(new FusedStep(source.OperatorOf(node), source.AttributeOf(node), _operands.Count, inputs.Length, step, 0, source.ShapeOf(node)));
        _buffers.Add(new FusedBuffer(source.ShapeOf(node), step == _length[last] - 1 ? 0 : -1, false));
        _operands.AddRange(operands[..inputs.Length]);
        return step;
    }

    private int InputOf(int node)
    {
        int index = _inputs.IndexOf(node);
        if (index < 0)
        {
            index = _inputs.Count;
            _inputs.Add(node);
        }

        return index;
    }

    private FusedOperator Interned(Shape shape)
    {
        Span<FusedStep> steps = CollectionsMarshal.AsSpan(_steps);
        Span<FusedOperand> operands = CollectionsMarshal.AsSpan(_operands);
        Span<FusedBuffer> buffers = CollectionsMarshal.AsSpan(_buffers);
        foreach (FusedOperator known in _known)
        {
            if (known.Program.Is(steps, operands, buffers, []))
                return known;
        }

        var made = new FusedOperator(new FusedProgram(steps, operands, buffers, []), [shape], rule: null);
        _known.Add(made);
        return made;
    }
}
