using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace BlasNet.Cli.Vectors;

/// <summary>The headers of files that hold one matrix of float32, row by row; each as long as it is for any number of rows.</summary>
internal static class MatrixHeader
{
    /// <summary>The name of the tensor in a safetensors file.</summary>
    public const string Tensor = "vectors";

    private const int Length = 192;

    /// <summary>Version 1.0. Source: numpy.lib.format, "NEP 1".</summary>
    public static byte[] Npy(long rows, int columns) => Padded(
        [0x93, .. "NUMPY"u8, 1, 0, Length - 10, 0],
        string.Create(CultureInfo.InvariantCulture, $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}"), '\n');

    public static byte[] Safetensors(long rows, int columns)
    {
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, Length - sizeof(ulong));
        long bytes = checked(rows * columns * sizeof(float));
        string header = string.Create(
            CultureInfo.InvariantCulture,
            $$$"""{"{{{Tensor}}}":{"dtype":"F32","shape":[{{{rows}}},{{{columns}}}],"data_offsets":[0,{{{bytes}}}]}}""");
        return Padded(length, header, ' ');
    }

    private static byte[] Padded(ReadOnlySpan<byte> start, string text, char last) =>
        [.. start, .. Encoding.ASCII.GetBytes(text.PadRight(Length - start.Length - 1)), (byte)last];
}
