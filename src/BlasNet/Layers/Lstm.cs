using BlasNet.Graphs;
using static BlasNet.Operators.Op;

namespace BlasNet.Layers;

/// <summary>A long short-term memory.</summary>
/// <remarks>
/// i = σ(Wi·x + Ui·h + bi), f = σ(Wf·x + Uf·h + bf), o = σ(Wo·x + Uo·h + bo), u = tanh(Wu·x + Uu·h + bu), c' = i∘u + f∘c, h' = o∘tanh(c').
/// Sources: Hochreiter, Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997; Gers, Schmidhuber, Cummins, "Learning to Forget",
/// Neural Computation 12(10), 2000. A step is one call of a function.
/// </remarks>
public sealed class Lstm : IRecurrentLayer
{
    private readonly Function<Expr, (Expr H, Expr C)> _start;
    private readonly Function<Expr, (Expr H, Expr C), (Expr H, Expr C)> _step;
    private readonly Recurrence<(Expr H, Expr C)> _sequence;

    /// <param name="parameters">The model, which receives <c>name.Wifou</c> [4·hidden × inputs]: Wi above Wf, Wo, Wu; <c>name.Uifou</c>
    /// [4·hidden × hidden] and <c>name.bifou</c> [4·hidden] likewise.</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="inputs">Length of x.</param>
    /// <param name="hidden">Length of h and c.</param>
    public Lstm(IParameters parameters, string name, int inputs, int hidden)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        Parameter w = Gates.Weight(parameters, name, "W", "ifou", hidden, inputs);
        Parameter u = Gates.Weight(parameters, name, "U", "ifou", hidden, hidden);
        Parameter b = Gates.Bias(parameters, name, "ifou", hidden);

        _start = Function.Of($"{name}.start", (Func<Expr, (Expr H, Expr C)>)FromZeros);
        _step = Function.Of($"{name}.step", (Func<Expr, (Expr H, Expr C), (Expr H, Expr C)>)From);
        _sequence = Recurrence.Of(name, FromZeros, (Func<Expr, (Expr H, Expr C), (Expr H, Expr C)>)From);

        (Expr H, Expr C) FromZeros(Expr x)
        {
            Expr z = MatMul(w, x) + b;
            Expr c = Multiply(Sigmoid(Gates.Of(z, 0, hidden)), Tanh(Gates.Of(z, 3, hidden)));
            return (Multiply(Sigmoid(Gates.Of(z, 2, hidden)), Tanh(c)), c);
        }

        (Expr H, Expr C) From(Expr x, (Expr H, Expr C) state)
        {
            Expr z = MatMul(u, state.H) + (MatMul(w, x) + b);
            Expr c = Multiply(Sigmoid(Gates.Of(z, 0, hidden)), Tanh(Gates.Of(z, 3, hidden))) + Multiply(Sigmoid(Gates.Of(z, 1, hidden)), state.C);
            return (Multiply(Sigmoid(Gates.Of(z, 2, hidden)), Tanh(c)), c);
        }
    }

    /// <summary>The state after the first vector: a step from zeros, without the products that would be zero.</summary>
    /// <param name="x">[inputs].</param>
    /// <returns>h and c, [hidden] each.</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> has another length.</exception>
    public LstmState Start(Expr x)
    {
        var (h, c) = _start.Call(x);
        return new LstmState(h, c);
    }

    /// <summary>The state after one more vector.</summary>
    /// <param name="x">[inputs].</param>
    /// <param name="state">What the step before gave.</param>
    /// <returns>h and c, [hidden] each.</returns>
    /// <exception cref="ShapeException"><paramref name="x"/> or the state has another length.</exception>
    public LstmState Step(Expr x, LstmState state)
    {
        var (h, c) = _step.Call(x, (state.H, state.C));
        return new LstmState(h, c);
    }

    /// <inheritdoc/>
    public Expr Run(Expr x, bool reverse) => _sequence.Run(x, reverse).H;

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
