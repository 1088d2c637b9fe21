using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Each element, but no less than a minimum and no more than a maximum.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="min">The same for every example; −∞ for none.</param>
    /// <param name="max">At least <paramref name="min"/>; ∞ for none.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    /// <remarks>The derivative is 1 from the minimum to the maximum, both included, and 0 elsewhere.</remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="min"/> is above <paramref name="max"/>, or one of them is NaN.</exception>
    public static Expr Clamp(Expr x, double min, double max)
    {
        if (!(min <= max))
            throw new ArgumentOutOfRangeException(nameof(min), min, $"min must be at most max ({max}).");

        return Between(x, min, max);
    }

    /// <summary>Clamp without the check of its numbers: an operator's gradient has a value for every number its kernel takes.</summary>
    internal static Expr Between(Expr x, double min, double max) => Min(Max(x, x.Graph.OwnConstant(min)), x.Graph.OwnConstant(max));
}
