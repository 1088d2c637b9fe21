using System.Runtime.InteropServices;
using BlasNet.Graphs;

namespace BlasNet.Fusion;

/// <summary>Copies a graph, computing element-wise nodes in the sweep of the only element-wise node that reads them, W·x + b, where all examples share b, as
/// a product that starts from its bias, f(W·x + b) as one that ends with f, and attention whose scores have no other reader as one node, its gradient as
/// another.</summary>
/// <remarks>Runs on what is to be planned, after differentiation, where every node is needed. A value that is computed and read within one chunk never travels
/// to memory. Single values are left alone: there is nothing to cut into chunks. A bias stays a node of its own if its product has other readers, or if the
/// sum's only reader is element-wise: that one adds the bias in its sweep, unless it is the end of the product itself. A graph with nothing to fuse stays
/// itself. Time O(N + E).</remarks>
internal sealed class Fuse(Graph target) : NodeRewrite(target)
{
    private const int LongestChain = 12;

    // How a node is rewritten.
    private enum Change : byte
    {
        None,
        Merged,      // computed in its only reader
        EndsChain,   // computes others on the way
        AddsBias,    // computes its product, which starts from the bias
        Finishes,    // computes its argument, a product, which ends with it
        Attends,     // computes the scores of attention and their softmax on the way
        AttendsBack, // the first gradient of attention: all of them are computed in its place
        Placed,      // another gradient of attention
    }

    private readonly Readers _readers = new();
    private readonly AttentionGradients _attention = new();
    private readonly List<FusedOperator> _known = [];   // equal chains are one operator, so that steps seen before allocate nothing
    private readonly List<FusedStep> _steps = [];
    private readonly List<FusedOperand> _operands = [];
    private readonly List<FusedBuffer> _buffers = [];
    private readonly List<int> _inputs = [];
    private int[] _length = [];   // of the chain that ends at a node
    private Change[] _changes = [];

    protected override void Rewrite(Graph source, int node)
    {
        switch (_changes[node])
        {
            case Change.None:
                Rewriter.Copy(node);
                break;

            case Change.Merged:
                Rewriter[node] = -1;
                break;

            case Change.EndsChain:
                Rewriter[node] = AppendChain(source, node);
                break;

            case Change.AddsBias:
                Rewriter[node] = AppendWithBias(source, node);
                break;

            case Change.Finishes:
                Rewriter[node] = AppendFinished(source, node);
                break;

            case Change.Attends:
                Rewriter[node] = AppendAttention(source, node);
                break;

            case Change.AttendsBack:
                AppendAttentionGradient(source, node);
                break;

            case Change.Placed:   // with the first
                break;
        }
    }

    protected override bool FindChanges(Graph source, ReadOnlySpan<int> kept)
    {
        int count = source.Count;
        if (_length.Length < count)
            (_length, _changes) = (new int[source.Capacity], new Change[source.Capacity]);

        Array.Clear(_changes, 0, count);
        _readers.Run(source, kept);
        bool found = FindAttentionGradients(source, kept);
        for (int node = 0; node < count; node++)
        {
            _length[node] = 1;
            if (_changes[node] != Change.None)
                continue;

            found |= source.OperatorOf(node).IsFusible
                ? FindBias(source, node) || FindFinish(source, node) || FindChain(source, node)
                : FindAttention(source, node);
        }

        return found;
    }

    private bool FindAttention(Graph source, int node)
    {
        if (FusedAttention.Find(source, node, out int softmax, out int scores) is null
            || _readers.SoleReaderOf(softmax) != node || _readers.SoleReaderOf(scores) != softmax)
            return false;

        (_changes[node], _changes[softmax], _changes[scores]) = (Change.Attends, Change.Merged, Change.Merged);
        return true;
    }

    private bool FindAttentionGradients(Graph source, ReadOnlySpan<int> kept)
    {
        _attention.Run(source, kept);
        foreach (AttentionGradient gradient in _attention.Found)
        {
            foreach (int node in (ReadOnlySpan<int>)[gradient.Scores, gradient.Softmax, gradient.SoftmaxGradient, gradient.Product, gradient.Total,
                gradient.Difference, gradient.ScoresGradient])
                _changes[node] = Change.Merged;

            (_changes[gradient.Result], _changes[gradient.OfValues]) = (Change.Attends, Change.AttendsBack);
            (_changes[gradient.OfKeys], _changes[gradient.OfQueries]) = (Change.Placed, Change.Placed);
        }

        return _attention.Found.Count > 0;
    }

    private bool FindBias(Graph source, int sum)
    {
        if (!Bias.TryFind(source, sum, out int product, out _) || _readers.SoleReaderOf(product) != sum || IsReadInSweep(source, sum))
            return false;

        (_changes[sum], _changes[product]) = (Change.AddsBias, Change.Merged);
        return true;
    }

    private bool FindFinish(Graph source, int node)
    {
        if (Finish.Find(source, node, _readers, out int product, out _) is null || _changes[product] != Change.None || IsReadInSweep(source, node))
            return false;

        _changes[source.InputsOf(node)[0]] = _changes[product] = Change.Merged;
        _changes[node] = Change.Finishes;
        return true;
    }

    private bool IsReadInSweep(Graph source, int node) => _readers.SoleReaderOf(node) is >= 0 and var reader && source.OperatorOf(reader).IsFusible;

    // Chains grow from their first node on.
    private bool FindChain(Graph source, int node)
    {
        if (!IsFusible(source, node))
            return false;

        foreach (int input in source.InputsOf(node))
        {
            if (_readers.SoleReaderOf(input) != node || source.CountOf(input) != source.CountOf(node) || !IsFusible(source, input)
                || _length[node] + _length[input] > LongestChain)
                continue;

            (_changes[node], _changes[input]) = (Change.EndsChain, Change.Merged);
            _length[node] += _length[input];
        }

        return _changes[node] == Change.EndsChain;
    }

    private int AppendWithBias(Graph source, int sum)
    {
        Bias.TryFind(source, sum, out int product, out int bias);
        Span<int> inputs = Rewriter.InputsOf(product, more: 1);
        inputs[^1] = Rewriter[bias];
        return Rewriter.Append(sum, Bias.WithBias(source, product)!, inputs);
    }

    private int AppendFinished(Graph source, int node)
    {
        Operator multiply = Finish.Find(source, node, _readers, out int product, out int bias)!;
        Span<int> inputs = Rewriter.InputsOf(product, more: bias < 0 ? 0 : 1);
        if (bias >= 0)
            inputs[^1] = Rewriter[bias];

        return Rewriter.Append(node, multiply, inputs);
    }

    private int AppendAttention(Graph source, int node)
    {
        Operator attention = FusedAttention.Find(source, node, out _, out int scores)!;
        ReadOnlySpan<int> factors = source.InputsOf(scores);
        return Rewriter.Append(node, attention, [Rewriter[factors[0]], Rewriter[factors[1]], Rewriter[source.InputsOf(node)[0]]]);
    }

    private void AppendAttentionGradient(Graph source, int node)
    {
        foreach (AttentionGradient gradient in _attention.Found)
        {
            if (gradient.OfValues != node)
                continue;

            Operator op = source.OperatorOf(node).HasList ? FusedSegmentAttentionGradient.Instance : FusedAttentionGradient.Instance;
            ReadOnlySpan<int> scores = source.InputsOf(gradient.Scores), softmax = source.InputsOf(gradient.SoftmaxGradient);
            int fused = Rewriter.Append(node, op, [Rewriter[scores[0]], Rewriter[scores[1]], Rewriter[softmax[0]], Rewriter[softmax[1]]]);
            ResultRange results = Target.ResultsOf(fused);
            (Rewriter[gradient.OfKeys], Rewriter[gradient.OfQueries], Rewriter[gradient.OfValues]) = (results[0], results[1], results[2]);
        }
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
        Target.TakeName(node, source, last);
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
            operands[i] = _changes[inputs[i]] == Change.Merged
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
