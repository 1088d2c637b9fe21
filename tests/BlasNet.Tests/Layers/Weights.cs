namespace BlasNet.Tests.Layers;

/// <summary>A network's parameters as arrays, column by column, and the textbook operations on vectors.</summary>
internal sealed class Weights(Dictionary<string, double[]> values)
{
    public double[] this[string name] => values[name];

    /// <summary>W·x.</summary>
    public double[] Times(string name, double[] x)
    {
        double[] w = values[name];
        int rows = w.Length / x.Length;
        return [.. Enumerable.Range(0, rows).Select(i => x.Select((element, j) => w[j * rows + i] * element).Sum())];
    }

    /// <summary>W·x + b.</summary>
    public double[] Linear(string w, double[] x, string b) => Add(Times(w, x), values[b]);

    /// <summary>W·x + U·h + b of a gate.</summary>
    public double[] Gate(string layer, string gate, double[] x, double[] h) =>
        Add(Linear($"{layer}.W{gate}", x, $"{layer}.b{gate}"), Times($"{layer}.U{gate}", h));

    /// <summary>A column of a table.</summary>
    public double[] Column(string name, int column, int rows) => values[name][(column * rows)..((column + 1) * rows)];

    public static double[] Add(params IEnumerable<double[]> terms) => terms.Aggregate((a, b) => [.. a.Zip(b, (p, q) => p + q)]);

    public static double[] Multiply(double[] a, double[] b) => [.. a.Zip(b, (p, q) => p * q)];

    public static double[] Sigmoid(double[] x) => Array.ConvertAll(x, z => 1 / (1 + Math.Exp(-z)));

    public static double[] Tanh(double[] x) => Array.ConvertAll(x, Math.Tanh);

    public static double Dot(double[] a, double[] b) => Multiply(a, b).Sum();
}
