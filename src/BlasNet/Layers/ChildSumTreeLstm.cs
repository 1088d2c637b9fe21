using System.Buffers;
using BlasNet.Graphs;
using BlasNet.Operators;
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
    private readonly Gate _i, _f, _o, _u;

    /// <param name="parameters">The model, which receives <c>name.Wi</c> [hidden × inputs], <c>name.Ui</c> [hidden × hidden], <c>name.bi</c> [hidden], and so for f, o, u.</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="inputs">Length of x.</param>
    /// <param name="hidden">Length of h and c.</param>
    public ChildSumTreeLstm(IParameters parameters, string name, int inputs, int hidden)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _i = new Gate(parameters, name, "i", inputs, hidden);
        _f = new Gate(parameters, name, "f", inputs, hidden, bias: 1);
        _o = new Gate(parameters, name, "o", inputs, hidden);
        _u = new Gate(parameters, name, "u", inputs, hidden);
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
            Expr cell = Sigmoid(_i.Of(x)) * Tanh(_u.Of(x));
            return new LstmState(Sigmoid(_o.Of(x)) * Tanh(cell), cell);
        }

        Expr[] rented = ArrayPool<Expr>.Shared.Rent(children.Length);
        Span<Expr> terms = rented.AsSpan(0, children.Length);
        for (int k = 0; k < terms.Length; k++)
            terms[k] = children[k].H;

        Expr h = Sequence.Sum(terms);
        Expr f = _f.Of(x);
        for (int k = 0; k < terms.Length; k++)
            terms[k] = Sigmoid(_f.OfState(children[k].H) + f) * children[k].C;

        Expr c = Sigmoid(_i.Of(x, h)) * Tanh(_u.Of(x, h)) + Sequence.Sum(terms);
        ArrayPool<Expr>.Shared.Return(rented, clearArray: true);
        return new LstmState(Sigmoid(_o.Of(x, h)) * Tanh(c), c);
    }
}
