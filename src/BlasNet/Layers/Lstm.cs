using BlasNet.Graphs;
using BlasNet.Operators;
using static BlasNet.Operators.Op;

namespace BlasNet.Layers;

/// <summary>A long short-term memory.</summary>
/// <remarks>
/// i = σ(Wi·x + Ui·h + bi), f = σ(Wf·x + Uf·h + bf), o = σ(Wo·x + Uo·h + bo), u = tanh(Wu·x + Uu·h + bu), c' = i∘u + f∘c, h' = o∘tanh(c').
/// Sources: Hochreiter, Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997; Gers, Schmidhuber, Cummins, "Learning to Forget",
/// Neural Computation 12(10), 2000; bf starts at 1, so that a new network remembers: Jozefowicz, Zaremba, Sutskever, ICML 2015.
/// </remarks>
public sealed class Lstm : IRecurrentLayer
{
    private readonly Gate _i, _f, _o, _u;

    /// <param name="parameters">The model, which receives <c>name.Wi</c> [hidden × inputs], <c>name.Ui</c> [hidden × hidden], <c>name.bi</c> [hidden], and so for f, o, u.</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="inputs">Length of x.</param>
    /// <param name="hidden">Length of h and c.</param>
    public Lstm(IParameters parameters, string name, int inputs, int hidden)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _i = new Gate(parameters, name, "i", inputs, hidden);
        _f = new Gate(parameters, name, "f", inputs, hidden, bias: 1);
        _o = new Gate(parameters, name, "o", inputs, hidden);
        _u = new Gate(parameters, name, "u", inputs, hidden);
    }

    /// <summary>The state after the first vector: a step from zeros, without the products that would be zero.</summary>
    /// <param name="x">[inputs].</param>
    /// <returns>h and c, [hidden] each.</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another length.</exception>
    public LstmState Start(Expr x)
    {
        Expr c = Sigmoid(_i.Of(x)) * Tanh(_u.Of(x));
        return new LstmState(Sigmoid(_o.Of(x)) * Tanh(c), c);
    }

    /// <summary>The state after one more vector.</summary>
    /// <param name="x">[inputs].</param>
    /// <param name="state">What the step before gave.</param>
    /// <returns>h and c, [hidden] each.</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> or the state has another length.</exception>
    public LstmState Step(Expr x, LstmState state)
    {
        var (h, c) = state;
        Expr next = Sigmoid(_i.Of(x, h)) * Tanh(_u.Of(x, h)) + Sigmoid(_f.Of(x, h)) * c;
        return new LstmState(Sigmoid(_o.Of(x, h)) * Tanh(next), next);
    }

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<Expr> sequence, Span<Expr> outputs, bool reverse = false)
    {
        Sequence.Check(sequence, outputs);
        LstmState state = default;
        for (int step = 0; step < sequence.Length; step++)
        {
            int t = Sequence.At(step, sequence.Length, reverse);
            state = step == 0 ? Start(sequence[t]) : Step(sequence[t], state);
            outputs[t] = state.H;
        }
    }
}
