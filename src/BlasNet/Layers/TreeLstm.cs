using BlasNet.Graphs;
using static BlasNet.Operators.Op;

namespace BlasNet.Layers;

/// <summary>A binary Tree-LSTM: every node has a left and a right child, with weights of their own.</summary>
/// <remarks>
/// i = σ(Wi·x + Ui1·h₁ + Ui2·h₂ + bi), f_k = σ(Wf·x + Ufk1·h₁ + Ufk2·h₂ + bf) for k = 1, 2, o as i, u as i with tanh,
/// c = i∘u + f₁∘c₁ + f₂∘c₂, h = o∘tanh(c). Source: Tai, Socher, Manning, "Improved Semantic Representations From Tree-Structured Long
/// Short-Term Memory Networks", ACL 2015, arXiv:1503.00075, equations 9–14 for N = 2. In a constituency tree leaves have an input and no
/// children, other nodes children and no input; what is absent is zero and not computed.
/// </remarks>
public sealed class TreeLstm
{
    private readonly Function<Expr, (Expr H, Expr C)> _leaf;
    private readonly Function<(Expr H, Expr C), (Expr H, Expr C), (Expr H, Expr C)> _phrase;
    private readonly Function<Expr, (Expr H, Expr C), (Expr H, Expr C), (Expr H, Expr C)> _node;
    private readonly Recurrence<(Expr H, Expr C)> _tree;

    /// <param name="parameters">The model, which receives <c>name.Wiou</c> [3·hidden × inputs]: Wi above Wo, Wu; <c>name.biou</c> [3·hidden]
    /// likewise; <c>name.Wf</c> [hidden × inputs], <c>name.bf</c> [hidden], which starts at 1; <c>name.Uiouff</c> [5·hidden × 2·hidden], in whose rows for
    /// each of i, o, u, f₁, f₂ the left half multiplies h₁ and the right half h₂.</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="inputs">Length of x.</param>
    /// <param name="hidden">Length of h and c.</param>
    public TreeLstm(IParameters parameters, string name, int inputs, int hidden)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        Parameter w = Gates.Weight(parameters, name, "W", "iou", hidden, inputs), wf = parameters.Weight($"{name}.Wf", hidden, inputs);
        Parameter b = Gates.Bias(parameters, name, "iou", hidden), bf = Gates.Bias(parameters, name, "f", hidden);
        Parameter u = Gates.Weight(parameters, name, "U", "iouff", hidden, Gates.Length(2, hidden));

        _leaf = Function.Of($"{name}.leaf", (Func<Expr, (Expr H, Expr C)>)OfWord);
        _phrase = Function.Of($"{name}.phrase", ((Expr H, Expr C) left, (Expr H, Expr C) right) => Combine(b, bf, left, right));
        _tree = Recurrence.OfLeaves(name, OfWord, ((Expr H, Expr C) left, (Expr H, Expr C) right) => Combine(b, bf, left, right));
        _node = Function.Of($"{name}.node", (Expr x, (Expr H, Expr C) left, (Expr H, Expr C) right) =>
            Combine(MatMul(w, x) + b, MatMul(wf, x) + bf, left, right));

        (Expr H, Expr C) OfWord(Expr x)
        {
            Expr z = MatMul(w, x) + b;
            Expr c = Multiply(Sigmoid(Gates.Of(z, 0, hidden)), Tanh(Gates.Of(z, 2, hidden)));
            return (Multiply(Sigmoid(Gates.Of(z, 1, hidden)), Tanh(c)), c);
        }

        // One product with both children's states set one above the other.
        (Expr H, Expr C) Combine(Expr iou, Expr f, (Expr H, Expr C) left, (Expr H, Expr C) right)
        {
            Expr z = MatMul(u, Concatenate(left.H, right.H));
            Expr gates = Slice(z, 0, 3 * hidden) + iou;
            Expr c = Multiply(Sigmoid(Gates.Of(gates, 0, hidden)), Tanh(Gates.Of(gates, 2, hidden)))
                + Multiply(Sigmoid(Gates.Of(z, 3, hidden) + f), left.C) + Multiply(Sigmoid(Gates.Of(z, 4, hidden) + f), right.C);
            return (Multiply(Sigmoid(Gates.Of(gates, 1, hidden)), Tanh(c)), c);
        }
    }

    /// <summary>A node without children: a word.</summary>
    /// <param name="x">[inputs].</param>
    /// <returns>h and c, [hidden] each.</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another length.</exception>
    public LstmState Leaf(Expr x) => State(_leaf.Call(x));

    /// <summary>A node with two children and no input of its own: a phrase.</summary>
    /// <param name="left">The first child's state.</param>
    /// <param name="right">The second child's state.</param>
    /// <returns>h and c, [hidden] each.</returns>
    /// <exception cref="ShapeException">A state has another length.</exception>
    public LstmState Node(LstmState left, LstmState right) => State(_phrase.Call((left.H, left.C), (right.H, right.C)));

    /// <summary>A node with two children and an input.</summary>
    /// <param name="x">[inputs].</param>
    /// <param name="left">The first child's state.</param>
    /// <param name="right">The second child's state.</param>
    /// <returns>h and c, [hidden] each.</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> or a state has another length.</exception>
    public LstmState Node(Expr x, LstmState left, LstmState right) => State(_node.Call(x, (left.H, left.C), (right.H, right.C)));

    /// <summary>All nodes of a tree whose leaves have inputs and whose other nodes have none.</summary>
    /// <param name="x">[inputs × leaves], in the order of the vertices that are leaves.</param>
    /// <param name="tree">For each vertex its two children (<see cref="Dag.Binary"/>); a missing child's state is zeros.</param>
    /// <returns>h and c of each vertex, [hidden × vertices] each.</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another number of rows, or not a column for each leaf.</exception>
    public LstmState Run(Expr x, Dag tree) => State(_tree.Run(x, tree));

    private static LstmState State((Expr H, Expr C) state) => new(state.H, state.C);
}
