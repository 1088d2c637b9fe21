using BlasNet.Graphs;
using BlasNet.Operators;
using static BlasNet.Operators.Op;

namespace BlasNet.Layers;

/// <summary>A gated recurrent unit.</summary>
/// <remarks>
/// r = σ(Wr·x + Ur·h + br), z = σ(Wz·x + Uz·h + bz), u = tanh(Wu·x + Uu·(r∘h) + bu), h' = z∘h + (1 − z)∘u.
/// Source: Cho et al., "Learning Phrase Representations using RNN Encoder–Decoder", EMNLP 2014, arXiv:1406.1078, equations 5–8.
/// </remarks>
public sealed class Gru : IRecurrentLayer
{
    private readonly Gate _r, _z, _u;

    /// <param name="parameters">The model, which receives <c>name.Wr</c> [hidden × inputs], <c>name.Ur</c> [hidden × hidden], <c>name.br</c> [hidden], and so for z, u.</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="inputs">Length of x.</param>
    /// <param name="hidden">Length of h.</param>
    public Gru(IParameters parameters, string name, int inputs, int hidden)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _r = new Gate(parameters, name, "r", inputs, hidden);
        _z = new Gate(parameters, name, "z", inputs, hidden);
        _u = new Gate(parameters, name, "u", inputs, hidden);
    }

    /// <summary>The state after the first vector: a step from zeros, without the products that would be zero.</summary>
    /// <param name="x">[inputs].</param>
    /// <returns>h [hidden].</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another length.</exception>
    public Expr Start(Expr x) => (1 - Sigmoid(_z.Of(x))) * Tanh(_u.Of(x));

    /// <summary>The state after one more vector.</summary>
    /// <param name="x">[inputs].</param>
    /// <param name="h">[hidden], what the step before gave.</param>
    /// <returns>h [hidden].</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> or <paramref name="h"/> has another length.</exception>
    public Expr Step(Expr x, Expr h)
    {
        Expr z = Sigmoid(_z.Of(x, h));
        Expr u = Tanh(_u.Of(x, Sigmoid(_r.Of(x, h)) * h));
        return z * h + (1 - z) * u;
    }

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<Expr> sequence, Span<Expr> outputs, bool reverse = false)
    {
        Sequence.Check(sequence, outputs);
        Expr h = default;
        for (int step = 0; step < sequence.Length; step++)
        {
            int t = Sequence.At(step, sequence.Length, reverse);
            outputs[t] = h = step == 0 ? Start(sequence[t]) : Step(sequence[t], h);
        }
    }
}
