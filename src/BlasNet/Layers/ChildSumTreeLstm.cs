using System.Buffers;
using BlasNet.Graphs;
using static BlasNet.Operators.Op;

namespace BlasNet.Layers;

/// <summary>A Tree-LSTM whose nodes have any number of children, in no order: a dependency tree.</summary>
/// <remarks>
/// h̃ = Σ h_k, i = σ(Wi·x + Ui·h̃ + bi), f_k = σ(Wf·x + Uf·h_k + bf), o = σ(Wo·x + Uo·h̃ + bo), u = tanh(Wu·x + Uu·h̃ + bu),
/// c = i∘u + Σ f_k∘c_k, h = o∘tanh(c). Source: Tai, Socher, Manning, "Improved Semantic Representations From Tree-Structured Long
/// Short-Term Memory Networks", ACL 2015, arXiv:1503.00075, equations 2–8; bf starts at 1.
/// </remarks>
public sealed class ChildSumTreeLstm
{
    private readonly Function<Expr, (Expr H, Expr C)> _leaf;
    private readonly Function<Expr, (Expr H, Expr C), Expr> _remembered;
    private readonly Function<Expr, Expr, Expr, (Expr H, Expr C)> _node;
    private readonly Recurrence<(Expr H, Expr C)> _tree;

    /// <param name="parameters">The model, which receives <c>name.Wiou</c> [3·hidden × inputs]: Wi above Wo, Wu; <c>name.Uiou</c> [3·hidden × hidden]
    /// and <c>name.biou</c> [3·hidden] likewise; <c>name.Wf</c> [hidden × inputs], <c>name.Uf</c> [hidden × hidden], <c>name.bf</c> [hidden].</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="inputs">Length of x.</param>
    /// <param name="hidden">Length of h and c.</param>
    public ChildSumTreeLstm(IParameters parameters, string name, int inputs, int hidden)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        Parameter w = Gates.Weight(parameters, name, "W", "iou", hidden, inputs), u = Gates.Weight(parameters, name, "U", "iou", hidden, hidden);
        Parameter b = Gates.Bias(parameters, name, "iou", hidden), bf = Gates.Bias(parameters, name, "f", hidden);
        Parameter wf = parameters.Weight($"{name}.Wf", hidden, inputs), uf = parameters.Weight($"{name}.Uf", hidden, hidden);

        _leaf = Function.Of($"{name}.leaf", (Expr x) => Combine(MatMul(w, x) + b, null));
        _remembered = Function.Of($"{name}.remembered", (Func<Expr, (Expr H, Expr C), Expr>)Remembered);
        _node = Function.Of($"{name}.node", (Expr x, Expr h, Expr remembered) => Combine(MatMul(u, h) + (MatMul(w, x) + b), remembered));

        _tree = Recurrence.OfSums(
            name, x => Combine(MatMul(w, x) + b, null), (Expr x, (Expr H, Expr C) child) => (child.H, Remembered(x, child)),
            (Expr x, (Expr H, Expr Remembered) sum) => Combine(MatMul(u, sum.H) + (MatMul(w, x) + b), sum.Remembered));

        Expr Remembered(Expr x, (Expr H, Expr C) child) => Multiply(Sigmoid(MatMul(uf, child.H) + (MatMul(wf, x) + bf)), child.C);

        (Expr H, Expr C) Combine(Expr z, Expr? remembered)
        {
            Expr c = Multiply(Sigmoid(Gates.Of(z, 0, hidden)), Tanh(Gates.Of(z, 2, hidden)));
            if (remembered is { } children)
                c += children;

            return (Multiply(Sigmoid(Gates.Of(z, 1, hidden)), Tanh(c)), c);
        }
    }

    /// <summary>All nodes of a tree.</summary>
    /// <param name="x">[inputs × nodes].</param>
    /// <param name="tree">For each node its children (<see cref="Dag.OfSets"/>).</param>
    /// <returns>h and c of each node, [hidden × nodes] each.</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another number of rows, or not a column for each node.</exception>
    public LstmState Run(Expr x, Dag tree)
    {
        var (h, c) = _tree.Run(x, tree);
        return new LstmState(h, c);
    }

    /// <summary>A node's state.</summary>
    /// <param name="x">[inputs].</param>
    /// <param name="children">Any number of states, none for a leaf.</param>
    /// <returns>h and c, [hidden] each.</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> or a state has another length.</exception>
    public LstmState Node(Expr x, params ReadOnlySpan<LstmState> children)
    {
        if (children.IsEmpty)
        {
            var (leaf, memory) = _leaf.Call(x);
            return new LstmState(leaf, memory);
        }

        Expr[] rented = ArrayPool<Expr>.Shared.Rent(children.Length);
        Span<Expr> terms = rented.AsSpan(0, children.Length);
        for (int k = 0; k < terms.Length; k++)
            terms[k] = children[k].H;

        Expr sum = Sequence.Sum(terms);
        for (int k = 0; k < terms.Length; k++)
            terms[k] = _remembered.Call(x, (children[k].H, children[k].C));

        var (h, c) = _node.Call(x, sum, Sequence.Sum(terms));
        ArrayPool<Expr>.Shared.Return(rented, clearArray: true);
        return new LstmState(h, c);
    }
}
