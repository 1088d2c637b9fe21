namespace BlasNet;

/// <summary>The element type of a model: parameters, values and gradients all have it.</summary>
public enum Precision
{
    /// <summary>IEEE 754 binary32, <see cref="float"/>: for training and inference.</summary>
    Single,

    /// <summary>IEEE 754 binary64, <see cref="double"/>: for checking gradients.</summary>
    Double,
}

internal static class PrecisionExtensions
{
    public static int ElementBytes(this Precision precision) => precision == Precision.Single ? sizeof(float) : sizeof(double);
}
