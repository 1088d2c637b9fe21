namespace BlasNet.Tests.Layers;

/// <summary>A network's parameters as arrays, column by column, and the textbook operations on vectors.</summary>
internal sealed class Weights(Dictionary<string, double[]> values)
{
    public double[] this[string name] => values.TryGetValue(name, out double[]? whole) ? whole : OfGate(name);

    /// <summary>W·x.</summary>
    public double[] Times(string name, double[] x)
    {
        double[] w = this[name];
        int rows = w.Length / x.Length;
        return [.. Enumerable.Range(0, rows).Select(i => x.Select((element, j) => w[j * rows + i] * element).Sum())];
    }

    /// <summary>W·x + b.</summary>
    public double[] Linear(string w, double[] x, string b) => Add(Times(w, x), this[b]);

    /// <summary>W·x + U·h + b of a gate.</summary>
    public double[] Gate(string layer, string gate, double[] x, double[] h) =>
        Add(Linear($"{layer}.W{gate}", x, $"{layer}.b{gate}"), Times($"{layer}.U{gate}", h));

    /// <summary>A column of a table.</summary>
    public double[] Column(string name, int column, int rows) => this[name][(column * rows)..((column + 1) * rows)];

    // `lstm.Wf` out of `lstm.Wifou`, in which the gates' matrices lie one above the other; `Uf2` is the second f.
    private double[] OfGate(string name)
    {
        int dot = name.LastIndexOf('.');
        string prefix = name[..(dot + 2)], gate = name[(dot + 2)..];
        string stacked = values.Keys.Single(key => key.StartsWith(prefix, StringComparison.Ordinal) && key.IndexOf('.', dot + 1) < 0
            && key.Length > prefix.Length + 1 && key[prefix.Length..].Contains(gate[0]));
        string gates = stacked[prefix.Length..];
        int place = gate.EndsWith('2') ? gates.LastIndexOf(gate[0]) : gates.IndexOf(gate[0]);
        double[] all = values[stacked];
        int columns = prefix[^1] == 'b' ? 1 : ColumnsOf(stacked, gates.Length);
        int rows = all.Length / columns / gates.Length;
        return [.. Enumerable.Range(0, columns).SelectMany(column => all[(column * rows * gates.Length + place * rows)..][..rows])];
    }

    // Every stacked weight stands beside a stacked bias, whose length tells the length of a gate.
    private int ColumnsOf(string stacked, int gates)
    {
        string layer = stacked[..(stacked.LastIndexOf('.') + 1)];
        string bias = values.Keys.First(key => key.StartsWith(layer + "b", StringComparison.Ordinal));
        int hidden = values[bias].Length / (bias.Length - layer.Length - 1);
        return values[stacked].Length / gates / hidden;
    }

    public static double[] Add(params IEnumerable<double[]> terms) => terms.Aggregate((a, b) => [.. a.Zip(b, (p, q) => p + q)]);

    public static double[] Multiply(double[] a, double[] b) => [.. a.Zip(b, (p, q) => p * q)];

    public static double[] Sigmoid(double[] x) => Array.ConvertAll(x, z => 1 / (1 + Math.Exp(-z)));

    public static double[] Tanh(double[] x) => Array.ConvertAll(x, Math.Tanh);

    public static double Dot(double[] a, double[] b) => Multiply(a, b).Sum();
}
