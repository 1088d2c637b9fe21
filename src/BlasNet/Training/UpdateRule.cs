using System.Numerics;
using System.Runtime.CompilerServices;

namespace BlasNet.Training;

/// <summary>An optimizer's formula for as many neighbouring parameters as a vector holds, with at most two numbers of state for each.</summary>
/// <remarks>A structure, so that the formula becomes part of the loop. A formula of more state is an <see cref="UpdateHandler{T}"/>.</remarks>
public interface IUpdateRule<T>
    where T : unmanaged
{
    /// <summary>How many of the two state vectors the formula uses; the first ones.</summary>
    static abstract int StateBuffers { get; }

    /// <summary>Whether no result is larger in magnitude than at some corner: the parameter plus or minus its largest magnitude, gradient and each
    /// state 0 or their largest magnitude. True of sums, differences and products, and of quotients by ε plus a root. Then bounds of a step say that it cannot
    /// overflow; without, the trainer tries each step on copies first, which costs about as much as the step.</summary>
    static virtual bool IsBoundedByCorners => false;

    /// <summary>The formula.</summary>
    /// <param name="parameters">After the decay of the weights.</param>
    /// <param name="gradient">The mean over the examples, clipped.</param>
    /// <param name="first">The first state vector, to be updated.</param>
    /// <param name="second">The second state vector, to be updated.</param>
    /// <returns>The new parameters.</returns>
    Vector<T> Update(Vector<T> parameters, Vector<T> gradient, ref Vector<T> first, ref Vector<T> second);
}

/// <summary>An optimizer's formula for a range of parameters, of any length and with any number of state buffers.</summary>
/// <param name="range">Parameters after the decay of the weights, and their state, both to be updated; the gradient is the mean over the examples,
/// clipped. Valid during the call.</param>
public delegate void UpdateHandler<T>(OptimizerRange<T> range)
    where T : unmanaged;

/// <summary>What formulas have in common.</summary>
public static class UpdateRule
{
    /// <summary>A number in every element of a vector.</summary>
    public static Vector<T> Broadcast<T>(double value) where T : unmanaged, IBinaryFloatingPointIeee754<T> => Vector.Create(T.CreateTruncating(value));

    /// <summary>Sets numbers below the smallest normal one to 0. A decaying average whose gradient stays 0 would end as a subnormal number,
    /// which never gets smaller (0.9 of the smallest one rounds to itself) and which a processor multiplies 60 times slower (measured).
    /// NaN stays NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> FlushSubnormal<T>(Vector<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Vector.AndNot(values, Vector.LessThan(Vector.Abs(values), SmallestNormal<T>()));

    // A constant of the code: a static field would be looked up for every vector.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<T> SmallestNormal<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        typeof(T) == typeof(float) ? Vector.Create(1.17549435e-38f).As<float, T>() : Vector.Create(2.2250738585072014e-308).As<double, T>();
}
