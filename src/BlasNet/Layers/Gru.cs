using BlasNet.Graphs;
using static BlasNet.Operators.Op;

namespace BlasNet.Layers;

/// <summary>A gated recurrent unit.</summary>
/// <remarks>
/// r = σ(Wr·x + Ur·h + br), z = σ(Wz·x + Uz·h + bz), u = tanh(Wu·x + Uu·(r∘h) + bu), h' = z∘h + (1 − z)∘u.
/// Source: Cho et al., "Learning Phrase Representations using RNN Encoder–Decoder", EMNLP 2014, arXiv:1406.1078, equations 5–8. A step is one call of a
/// function.
/// </remarks>
public sealed class Gru : IRecurrentLayer
{
    private readonly Function<Expr, Expr> _start;
    private readonly Function<Expr, Expr, Expr> _step;
    private readonly Recurrence<Expr> _sequence;

    /// <param name="parameters">The model, which receives <c>name.Wrzu</c> [3·hidden × inputs]: Wr above Wz, Wu; <c>name.brzu</c> [3·hidden] likewise;
    /// <c>name.Urz</c> [2·hidden × hidden], <c>name.Uu</c> [hidden × hidden].</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="inputs">Length of x.</param>
    /// <param name="hidden">Length of h.</param>
    public Gru(IParameters parameters, string name, int inputs, int hidden)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        Parameter w = Gates.Weight(parameters, name, "W", "rzu", hidden, inputs);
        Parameter urz = Gates.Weight(parameters, name, "U", "rz", hidden, hidden), uu = parameters.Weight($"{name}.Uu", hidden, hidden);
        Parameter b = Gates.Bias(parameters, name, "rzu", hidden);

        _start = Function.Of($"{name}.start", (Func<Expr, Expr>)FromZeros);
        _step = Function.Of($"{name}.step", (Func<Expr, Expr, Expr>)From);
        _sequence = Recurrence.Of(name, FromZeros, (Func<Expr, Expr, Expr>)From);

        Expr FromZeros(Expr x)
        {
            Expr a = MatMul(w, x) + b;
            return Multiply(1 - Sigmoid(Gates.Of(a, 1, hidden)), Tanh(Gates.Of(a, 2, hidden)));
        }

        Expr From(Expr x, Expr h)
        {
            Expr a = MatMul(w, x) + b, s = MatMul(urz, h);
            Expr r = Sigmoid(Gates.Of(s, 0, hidden) + Gates.Of(a, 0, hidden)), z = Sigmoid(Gates.Of(s, 1, hidden) + Gates.Of(a, 1, hidden));
            Expr u = Tanh(MatMul(uu, Multiply(r, h)) + Gates.Of(a, 2, hidden));
            return Multiply(z, h) + Multiply(1 - z, u);
        }
    }

    /// <summary>The state after the first vector: a step from zeros, without the products that would be zero.</summary>
    /// <param name="x">[inputs].</param>
    /// <returns>h [hidden].</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another length.</exception>
    public Expr Start(Expr x) => _start.Call(x);

    /// <summary>The state after one more vector.</summary>
    /// <param name="x">[inputs].</param>
    /// <param name="h">[hidden], what the step before gave.</param>
    /// <returns>h [hidden].</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> or <paramref name="h"/> has another length.</exception>
    public Expr Step(Expr x, Expr h) => _step.Call(x, h);

    /// <inheritdoc/>
    public Expr Run(Expr x, bool reverse) => _sequence.Run(x, reverse);

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
