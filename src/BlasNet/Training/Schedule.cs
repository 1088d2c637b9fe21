using System.Globalization;

namespace BlasNet.Training;

/// <summary>How a learning rate changes from step to step: a factor for each, a pure function of its number.</summary>
/// <remarks>Schedules multiply, and follow each other: <c>Schedule.WarmUp(100) * Schedule.Cosine(2000)</c>,
/// <c>Schedule.Constant.Then(500, Schedule.Cosine(1500))</c>.</remarks>
public sealed class Schedule
{
    private readonly Func<long, double> _factor;
    private readonly string _text;

    /// <param name="factor">The factor of a step, finite and at least 0; steps count from 1. It must depend on the number only, so that
    /// training can be resumed.</param>
    public Schedule(Func<long, double> factor)
        : this(factor, "a function of one's own")
    {
    }

    private Schedule(Func<long, double> factor, FormattableString text)
        : this(factor, FormattableString.Invariant(text))
    {
    }

    private Schedule(Func<long, double> factor, string text)
    {
        ArgumentNullException.ThrowIfNull(factor);
        (_factor, _text) = (factor, text);
    }

    /// <summary>1 for every step.</summary>
    public static Schedule Constant { get; } = new(_ => 1, "constant");

    /// <summary>Falls by a factor every so many steps: γ^⌊(t − 1)/k⌋.</summary>
    /// <param name="every">k, at least 1.</param>
    /// <param name="factor">γ, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public static Schedule Step(long every, double factor)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(every, 1);
        RequireFactor(factor, nameof(factor));
        return new Schedule(step => Math.Pow(factor, (step - 1) / every), $"step({every}, {factor:R})");
    }

    /// <summary>Half a wave of the cosine, from 1 to a last value: f + (1 − f)·(1 + cos(π·t/T))/2 for t steps done; f ever after.</summary>
    /// <param name="steps">T, at least 1.</param>
    /// <param name="final">f, at least 0.</param>
    /// <remarks>Source: Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, arXiv:1608.03983, equation 5.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public static Schedule Cosine(long steps, double final = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        RequireFactor(final, nameof(final));
        return new Schedule(step => final + (1 - final) * 0.5 * (1 + Math.Cos(Math.PI * Math.Min(step - 1, steps) / steps)), $"cosine({steps}, {final:R})");
    }

    /// <summary>A straight line from 1 to a last value: 1 − (1 − f)·t/T for t steps done; f ever after.</summary>
    /// <param name="steps">T, at least 1.</param>
    /// <param name="final">f, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public static Schedule Linear(long steps, double final = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        RequireFactor(final, nameof(final));
        return new Schedule(step => 1 - (1 - final) * Math.Min(step - 1, steps) / steps, $"linear({steps}, {final:R})");
    }

    /// <summary>Rises in equal parts to 1, which step k has: min(1, t/k) in step t.</summary>
    /// <param name="steps">k, at least 1.</param>
    /// <remarks>Source: Goyal et al., "Accurate, large minibatch SGD", 2017, arXiv:1706.02677.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1.</exception>
    public static Schedule WarmUp(long steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        return new Schedule(step => step >= steps ? 1 : (double)step / steps, $"warm-up({steps})");
    }

    /// <summary>The factor of a step.</summary>
    /// <param name="step">From 1.</param>
    /// <exception cref="InvalidOperationException">It is negative or not finite.</exception>
    public double FactorAt(long step)
    {
        double factor = _factor(step);
        return double.IsFinite(factor) && factor >= 0 ? factor : throw new InvalidOperationException(
            string.Create(CultureInfo.InvariantCulture, $"The schedule ({this}) gives the factor {factor} for step {step}; it must be finite and at least 0."));
    }

    /// <summary>Another schedule after this one.</summary>
    /// <param name="steps">How many steps this one has, at least 0.</param>
    /// <param name="next">Begins with its step 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="steps"/> is negative.</exception>
    public Schedule Then(long steps, Schedule next)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        ArgumentNullException.ThrowIfNull(next);
        return new Schedule(step => step <= steps ? FactorAt(step) : next.FactorAt(step - steps), $"{this}, after step {steps} {next}");
    }

    /// <summary>The product of both factors.</summary>
    public Schedule Times(Schedule other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new Schedule(step => FactorAt(step) * other.FactorAt(step), $"({this})·({other})");
    }

    /// <summary>The product of both factors.</summary>
    public static Schedule operator *(Schedule left, Schedule right)
    {
        ArgumentNullException.ThrowIfNull(left);
        return left.Times(right);
    }

    /// <summary>As <c>warm-up(100), after step 100 cosine(2000, 0)</c>: by this a checkpoint tells whether training goes on with another one.</summary>
    public override string ToString() => _text;

    private static void RequireFactor(double value, string name)
    {
        if (!(double.IsFinite(value) && value >= 0))
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be finite and at least 0.");
    }
}
