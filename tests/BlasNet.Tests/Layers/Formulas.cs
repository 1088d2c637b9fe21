using static BlasNet.Tests.Layers.Weights;

namespace BlasNet.Tests.Layers;

/// <summary>The layers' formulas as their papers give them, with zeros where a state is absent.</summary>
internal static class Formulas
{
    /// <summary>Tai et al. with one child in equations 2–8, which is the LSTM with a forget gate of Gers et al.</summary>
    public static (double[] H, double[] C) Lstm(Weights weights, string layer, double[] x, (double[] H, double[] C) state) =>
        ChildSum(weights, layer, x, state.H.Length, state);

    public static double[] Gru(Weights weights, string layer, double[] x, double[] h)
    {
        double[] r = Sigmoid(weights.Gate(layer, "r", x, h)), z = Sigmoid(weights.Gate(layer, "z", x, h));
        double[] u = Tanh(weights.Gate(layer, "u", x, Multiply(r, h)));
        return [.. z.Select((share, i) => share * h[i] + (1 - share) * u[i])];
    }

    public static (double[] H, double[] C) ChildSum(Weights weights, string layer, double[] x, int hidden, params (double[] H, double[] C)[] children)
    {
        double[] h = Add([new double[hidden], .. children.Select(child => child.H)]);
        double[] i = Sigmoid(weights.Gate(layer, "i", x, h)), o = Sigmoid(weights.Gate(layer, "o", x, h)), u = Tanh(weights.Gate(layer, "u", x, h));
        double[] c = Add([Multiply(i, u), .. children.Select(child => Multiply(Sigmoid(weights.Gate(layer, "f", x, child.H)), child.C))]);
        return (Multiply(o, Tanh(c)), c);
    }

    public static (double[] H, double[] C) Binary(Weights weights, string layer, double[] x, (double[] H, double[] C) left, (double[] H, double[] C) right)
    {
        double[] i = Sigmoid(Gate("i", "i")), o = Sigmoid(Gate("o", "o")), u = Tanh(Gate("u", "u"));
        double[] c = Add(Multiply(i, u), Multiply(Sigmoid(Gate("f", "f1")), left.C), Multiply(Sigmoid(Gate("f", "f2")), right.C));
        return (Multiply(o, Tanh(c)), c);

        double[] Gate(string g, string children) => Add(
            weights.Linear($"{layer}.W{g}", x, $"{layer}.b{g}"),
            weights.Times($"{layer}.U{children}", [.. left.H, .. right.H]));
    }

    public static double[] LayerNormalization(double[] x, double[] gain, double[] bias, double epsilon)
    {
        double mean = x.Average(), variance = x.Average(element => (element - mean) * (element - mean));
        return [.. x.Select((element, i) => gain[i] * (element - mean) / Math.Sqrt(variance + epsilon) + bias[i])];
    }

    /// <summary>The attention of one vector to all, weight by weight.</summary>
    public static double[] Attention(double[] query, double[][] keys, double[][] values)
    {
        double[] scores = [.. keys.Select(key => Math.Exp(Dot(query, key) / Math.Sqrt(query.Length)))];
        return Add(values.Select((value, i) => Array.ConvertAll(value, element => element * scores[i] / scores.Sum())));
    }
}
