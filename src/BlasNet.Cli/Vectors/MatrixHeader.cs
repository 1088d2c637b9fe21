using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace BlasNet.Cli.Vectors;

/// <summary>The headers of files that hold one matrix of float32, row by row. Their length does not depend on the number of rows.</summary>
internal static class MatrixHeader
{
    /// <summary>The name of the tensor in a safetensors file.</summary>
    private const string Tensor = "vectors";

    private const int Length = 192;

    /// <summary>Version 1.0. Source: numpy.lib.format, "NEP 1".</summary>
    public static byte[] Npy(long rows, int columns) => Padded(
        [0x93, .. "NUMPY"u8, 1, 0, Length - 10, 0],
        string.Create(CultureInfo.InvariantCulture, $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}"), '\n');

    public static byte[] Safetensors(long rows, int columns)
    {
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, Length - sizeof(ulong));
        string header = string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"{Tensor}\":{{\"dtype\":\"F32\",\"shape\":[{rows},{columns}],\"data_offsets\":[0,{rows * columns * sizeof(float)}]}}}}");
        return Padded(length, header, ' ');
    }

    private static byte[] Padded(ReadOnlySpan<byte> start, string text, char last) =>
        [.. start, .. Encoding.ASCII.GetBytes(text.PadRight(Length - start.Length - 1)), (byte)last];
}
