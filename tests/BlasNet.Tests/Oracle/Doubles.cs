using System.Numerics;

namespace BlasNet.Tests.Oracle;

internal static class Doubles
{
    public static double[] Of<T>(ReadOnlySpan<T> values) where T : unmanaged, INumber<T>
    {
        double[] result = new double[values.Length];
        for (int i = 0; i < result.Length; i++)
            result[i] = double.CreateTruncating(values[i]);

        return result;
    }

    public static double[][] Like(double[][] values) => [.. values.Select(value => new double[value.Length])];

    /// <summary>x ← x + factor·y.</summary>
    public static void Add(double[][] x, double[][] y, double factor)
    {
        for (int i = 0; i < x.Length; i++)
        {
            for (int k = 0; k < x[i].Length; k++)
                x[i][k] += factor * y[i][k];
        }
    }

    public static double SquaredNorm(double[][] x) => x.Sum(part => part.Sum(element => element * element));
}
