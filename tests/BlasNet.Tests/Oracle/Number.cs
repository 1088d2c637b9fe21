namespace BlasNet.Tests.Oracle;

/// <summary>Remembers every scalar operation, with its two partial derivatives; the whole of the oracle's differentiation.</summary>
internal sealed class Tape
{
    private readonly List<(double Value, int A, double Da, int B, double Db)> _entries = [];

    public Number Number(double value) => Add(value, -1, 0, -1, 0);

    public Number Add(double value, int a, double da, int b, double db)
    {
        _entries.Add((value, a, da, b, db));
        return new Number(this, _entries.Count - 1);
    }

    public double ValueOf(int index) => _entries[index].Value;

    /// <summary>The derivative of a number with respect to every number before it.</summary>
    public double[] Backward(Number of)
    {
        double[] adjoints = new double[_entries.Count];
        adjoints[of.Index] = 1;
        for (int i = of.Index; i >= 0; i--)
        {
            var (_, a, da, b, db) = _entries[i];
            if (a >= 0)
                adjoints[a] += adjoints[i] * da;

            if (b >= 0)
                adjoints[b] += adjoints[i] * db;
        }

        return adjoints;
    }
}

/// <summary>A float64 that knows where it came from.</summary>
internal readonly struct Number(Tape tape, int index)
{
    public int Index { get; } = index;

    public double Value => tape.ValueOf(Index);

    public static Number operator +(Number a, Number b) => a.With(a.Value + b.Value, 1, b, 1);

    public static Number operator -(Number a, Number b) => a.With(a.Value - b.Value, 1, b, -1);

    public static Number operator *(Number a, Number b) => a.With(a.Value * b.Value, b.Value, b, a.Value);

    public static Number operator /(Number a, Number b) => a.With(a.Value / b.Value, 1 / b.Value, b, -a.Value / (b.Value * b.Value));

    public static Number operator *(Number a, double b) => a.With(a.Value * b, b);

    public static Number operator +(Number a, double b) => a.With(a.Value + b, 1);

    public Number Inverse() => With(1 / Value, -1 / (Value * Value));

    public Number Exp() => With(Math.Exp(Value), Math.Exp(Value));

    public Number Log() => With(Math.Log(Value), 1 / Value);

    public Number Sqrt() => With(Math.Sqrt(Value), 0.5 / Math.Sqrt(Value));

    public Number Tanh() => With(Math.Tanh(Value), 1 - Math.Tanh(Value) * Math.Tanh(Value));

    public Number Relu() => With(Math.Max(0, Value), Value > 0 ? 1 : 0);

    private Number With(double value, double da) => tape.Add(value, Index, da, -1, 0);

    private Number With(double value, double da, Number b, double db) => tape.Add(value, Index, da, b.Index, db);
}
