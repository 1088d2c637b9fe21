using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Layers;

/// <summary>W·x + U·h + b: what each gate of a recurrent cell starts from.</summary>
/// <remarks>Each gate has weights of its own, whose first values and names are then its own too. One [4h × …] weight for all gates of an LSTM,
/// and slices of its product, takes as long in the kernels (10–13 ms a training step of 64 sentences, hidden 128) and saves a quarter of the nodes:
/// 62,000–76,000 words/s against 64,000–65,000, a gain in building and batching alone.</remarks>
internal sealed class Gate
{
    private readonly Parameter _w, _u, _b;

    /// <param name="parameters">Receives W<i>g</i>, U<i>g</i> and b<i>g</i>.</param>
    /// <param name="layer">Name of the layer.</param>
    /// <param name="gate">g, as the paper names it.</param>
    /// <param name="inputs">Length of x.</param>
    /// <param name="hidden">Length of h and of the result.</param>
    /// <param name="bias">First value of b's elements.</param>
    public Gate(IParameters parameters, string layer, string gate, int inputs, int hidden, double bias = 0)
    {
        _w = parameters.Weight($"{layer}.W{gate}", hidden, inputs);
        _u = parameters.Weight($"{layer}.U{gate}", hidden, hidden);
        _b = parameters.Bias($"{layer}.b{gate}", hidden, Initializer.Constant(bias));
    }

    /// <summary>W·x + b, where h = 0 or is added later.</summary>
    public Expr Of(Expr x) => _w * x + _b;

    /// <summary>U·h + (W·x + b).</summary>
    public Expr Of(Expr x, Expr h) => _u * h + Of(x);

    /// <summary>The first summand for one of several states.</summary>
    public Expr OfState(Expr h) => _u * h;
}
