using BlasNet.Graphs;
using BlasNet.Operators;
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
    private readonly BinaryGate _i, _f1, _f2, _o, _u;

    /// <param name="parameters">The model, which receives <c>name.Wi</c> [hidden × inputs], <c>name.Ui1</c>, <c>name.Ui2</c> [hidden × hidden],
    /// <c>name.bi</c> [hidden], and so for o, u; <c>name.Wf</c>, <c>name.bf</c>, <c>name.Uf11</c>, <c>name.Uf12</c>, <c>name.Uf21</c>, <c>name.Uf22</c>. bf starts at 1.</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="inputs">Length of x.</param>
    /// <param name="hidden">Length of h and c.</param>
    public TreeLstm(IParameters parameters, string name, int inputs, int hidden)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _i = Gate("i");
        _o = Gate("o");
        _u = Gate("u");
        Parameter wf = parameters.Weight($"{name}.Wf", hidden, inputs), bf = parameters.Bias($"{name}.bf", hidden, Initializer.Constant(1));
        _f1 = new BinaryGate(wf, State("f11"), State("f12"), bf);
        _f2 = new BinaryGate(wf, State("f21"), State("f22"), bf);

        BinaryGate Gate(string g) => new(parameters.Weight($"{name}.W{g}", hidden, inputs), State($"{g}1"), State($"{g}2"), parameters.Bias($"{name}.b{g}", hidden));

        Parameter State(string g) => parameters.Weight($"{name}.U{g}", hidden, hidden);
    }

    /// <summary>A node without children: a word.</summary>
    /// <param name="x">[inputs].</param>
    /// <returns>h and c, [hidden] each.</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another length.</exception>
    public LstmState Leaf(Expr x)
    {
        Expr c = Sigmoid(_i.Of(x)) * Tanh(_u.Of(x));
        return new LstmState(Sigmoid(_o.Of(x)) * Tanh(c), c);
    }

    /// <summary>A node with two children and no input of its own: a phrase.</summary>
    /// <param name="left">The first child's state.</param>
    /// <param name="right">The second child's state.</param>
    /// <returns>h and c, [hidden] each.</returns>
    /// <exception cref="ShapeException">A state has another length.</exception>
    public LstmState Node(LstmState left, LstmState right)
    {
        var (h1, h2) = (left.H, right.H);
        return Combine(_i.Of(h1, h2), _f1.Of(h1, h2), _f2.Of(h1, h2), _o.Of(h1, h2), _u.Of(h1, h2), left.C, right.C);
    }

    /// <summary>A node with two children and an input.</summary>
    /// <param name="x">[inputs].</param>
    /// <param name="left">The first child's state.</param>
    /// <param name="right">The second child's state.</param>
    /// <returns>h and c, [hidden] each.</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> or a state has another length.</exception>
    public LstmState Node(Expr x, LstmState left, LstmState right)
    {
        var (h1, h2) = (left.H, right.H);
        return Combine(_i.Of(x, h1, h2), _f1.Of(x, h1, h2), _f2.Of(x, h1, h2), _o.Of(x, h1, h2), _u.Of(x, h1, h2), left.C, right.C);
    }

    private static LstmState Combine(Expr i, Expr f1, Expr f2, Expr o, Expr u, Expr c1, Expr c2)
    {
        Expr c = Sigmoid(i) * Tanh(u) + Sigmoid(f1) * c1 + Sigmoid(f2) * c2;
        return new LstmState(Sigmoid(o) * Tanh(c), c);
    }

    private sealed record BinaryGate(Parameter W, Parameter U1, Parameter U2, Parameter B)
    {
        public Expr Of(Expr x) => W * x + B;

        public Expr Of(Expr h1, Expr h2) => U1 * h1 + U2 * h2 + B;

        public Expr Of(Expr x, Expr h1, Expr h2) => U1 * h1 + U2 * h2 + Of(x);
    }
}
