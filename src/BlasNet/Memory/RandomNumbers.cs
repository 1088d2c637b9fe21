using System.Text;
using BlasNet.Memory;

namespace BlasNet;

/// <summary>A stream of random numbers determined by a seed and a name: the same ones on every machine, whatever else was drawn before.</summary>
/// <remarks>The seed is the key of Philox4x32-10, the name's hash the high half of the counter, so two streams of one seed never overlap.
/// The arithmetic uses only operations that IEEE 754 rounds exactly (+ − × ÷ √), no function of a mathematics library.</remarks>
public sealed class RandomNumbers
{
    private readonly ulong _seed, _stream;
    private ulong _block;
    private ulong? _spareBits;
    private double? _spareNormal;

    /// <param name="seed">Any number.</param>
    /// <param name="name">Any text.</param>
    public RandomNumbers(ulong seed, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        (_seed, _stream) = (seed, Hash(name));
    }

    /// <summary>64 random bits.</summary>
    public ulong NextBits()
    {
        if (_spareBits is { } spare)
        {
            _spareBits = null;
            return spare;
        }

        (ulong low, ulong high) = Philox.Block(_seed, _block++, _stream);
        _spareBits = high;
        return low;
    }

    /// <summary>An integer from 0 to below a number, all of them as likely: 2⁶⁴ is so much larger.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 1.</exception>
    public int NextBelow(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return (int)(NextBits() % (uint)count);
    }

    /// <summary>Uniform in (0, 1), never 0 or 1: the midpoints of 2⁵² equal parts.</summary>
    public double NextUniform() => ((NextBits() >> 12) + 0.5) / (1L << 52);

    /// <summary>Standard normal: mean 0, variance 1. Source: Marsaglia, Bray, "A convenient method for generating normal variables", 1964.</summary>
    public double NextNormal()
    {
        if (_spareNormal is { } spare)
        {
            _spareNormal = null;
            return spare;
        }

        // A uniform point of the unit disc gives a uniform direction and, by its squared radius, an independent uniform number.
        double x, y, square;

        do
        {
            x = 2 * NextUniform() - 1;
            y = 2 * NextUniform() - 1;
            square = x * x + y * y;
        }
        while (square >= 1);

        double factor = Math.Sqrt(-2 * Log(square) / square);
        _spareNormal = y * factor;
        return x * factor;
    }

    /// <summary>ln x for normal x &gt; 0, to a few units in the last place.</summary>
    /// <remarks>ln(2ᵉ·m) = e·ln 2 + 2·artanh((m − 1)/(m + 1)) with m in [√½, √2).</remarks>
    internal static double Log(double x)
    {
        const int MantissaBits = 52, Bias = 1023;
        const double Log2 = 0.693147180559945309417;
        const double Sqrt2 = 1.41421356237309504880;

        long bits = BitConverter.DoubleToInt64Bits(x);
        long exponent = (bits >> MantissaBits) - Bias;
        double mantissa = BitConverter.Int64BitsToDouble((bits & ((1L << MantissaBits) - 1)) | ((long)Bias << MantissaBits));

        if (mantissa > Sqrt2)
            (mantissa, exponent) = (mantissa / 2, exponent + 1);

        double s = (mantissa - 1) / (mantissa + 1); // |s| ≤ 0.172: artanh s = s + s³/3 + s⁵/5 + …, and s²² < 2⁻⁵³
        double series = 0;

        for (int power = 21; power >= 1; power -= 2)
            series = series * (s * s) + 1.0 / power;

        return exponent * Log2 + 2 * s * series;
    }

    /// <summary>FNV-1a, 64 bits, of the name in UTF-8. Source: Fowler, Noll, Vo, "The FNV non-cryptographic hash algorithm".</summary>
    internal static ulong Hash(string name)
    {
        const ulong OffsetBasis = 0xCBF29CE484222325, Prime = 0x100000001B3;
        ulong hash = OffsetBasis;

        foreach (byte value in Encoding.UTF8.GetBytes(name))
            hash = (hash ^ value) * Prime;

        return hash;
    }
}
