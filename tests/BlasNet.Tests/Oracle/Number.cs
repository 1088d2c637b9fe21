namespace BlasNet.Tests.Oracle;

/// <summary>A float64 that knows where it came from.</summary>
internal readonly struct Number(Tape tape, int index, double value)
{
    public Tape Tape => tape;

    public int Index => index;

    public double Value => value;

    public static Number operator +(Number a, Number b) => a.With(Rule.Add, b, a.Value + b.Value);

    public static Number operator -(Number a, Number b) => a.With(Rule.Subtract, b, a.Value - b.Value);

    public static Number operator *(Number a, Number b) => a.With(Rule.Multiply, b, a.Value * b.Value);

    public static Number operator /(Number a, Number b) => a.With(Rule.Divide, b, a.Value / b.Value);

    public static Number operator *(Number a, double b) => a.With(Rule.Scale, a.Value * b, b);

    public static Number operator +(Number a, double b) => a.With(Rule.Shift, a.Value + b, b);

    /// <summary>The same value, but another variable to differentiate by.</summary>
    public Number Copy() => With(Rule.Scale, Value, 1);

    public Number Inverse() => With(Rule.Inverse, 1 / Value);

    public Number Exp() => With(Rule.Exp, Math.Exp(Value));

    public Number Log() => With(Rule.Log, Math.Log(Value));

    public Number Sqrt() => With(Rule.Sqrt, Math.Sqrt(Value));

    public Number Tanh() => With(Rule.Tanh, Math.Tanh(Value));

    public Number Relu() => With(Rule.Relu, Math.Max(0, Value));

    private Number With(Rule rule, double value, double factor = 0) => tape.Add(rule, value, Index, -1, factor);

    private Number With(Rule rule, Number b, double value) => tape.Add(rule, value, Index, b.Index, 0);
}
