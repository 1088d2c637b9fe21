using System.Numerics;
using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;

namespace BlasNet.Text.Files;

/// <summary>Writes the weights of an encoder and its head: what <see cref="WeightReader"/> reads, under the same names.</summary>
internal static class WeightWriter
{
    /// <param name="path">The file to make.</param>
    /// <param name="encoder">The encoder; its adapters are added to the weights.</param>
    /// <param name="head">What is above it; null for the encoder alone.</param>
    public static void Write(string path, TextEncoder encoder, Head? head) => encoder.Model.BetweenUpdates(() =>
    {
        if (encoder.Model.Precision == Precision.Single)
            Write<float>(path, encoder, head);
        else
            Write<double>(path, encoder, head);
    });

    private static void Write<T>(string path, TextEncoder encoder, Head? head) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        encoder.Model.RequireFinite();
        Parameter[] parameters = [.. encoder.Parameters, .. head?.Parameters ?? []];
        SafetensorsEntry[] entries = [.. parameters.Select(parameter => new SafetensorsEntry(
            encoder.Sizes.Family.FullNameOf(parameter.Name, head is not null), typeof(T) == typeof(float) ? "F32" : "F64", DimensionsOf(parameter)))];
        using var writer = new SafetensorsWriter(path, entries, new Dictionary<string, string> { ["format"] = "pt" });
        foreach (Parameter parameter in parameters)
        {
            T[] values = ValuesOf<T>(encoder.Model, parameter);
            if (encoder.LowRank?.AdapterOf(parameter) is { } adapter)
                Merge<T>(values, adapter, encoder.LowRank.Scale, ValuesOf<T>(encoder.Model, adapter.A), ValuesOf<T>(encoder.Model, adapter.B));

            if (IsTable(parameter))
                writer.Append(MemoryMarshal.AsBytes<T>(values));   // a vector in each row, as in memory one after another
            else
                writer.Append<T>(values, parameter.Shape);
        }

        writer.Commit();
    }

    private static T[] ValuesOf<T>(Model model, Parameter parameter) where T : unmanaged
    {
        var values = new T[parameter.Shape.Size];
        if (typeof(T) == typeof(float))
            model.CopyValues(parameter, MemoryMarshal.Cast<T, float>(values.AsSpan()));
        else
            model.CopyValues(parameter, MemoryMarshal.Cast<T, double>(values.AsSpan()));

        return values;
    }

    private static long[] DimensionsOf(Parameter parameter)
    {
        Shape shape = parameter.Shape;
        return IsTable(parameter) ? [shape.Columns, shape.Rows] : parameter.IsWeight ? [shape.Rows, shape.Columns] : [shape.Rows];
    }

    private static bool IsTable(Parameter parameter) => parameter.Name.EndsWith(".E", StringComparison.Ordinal);

    // W + s·B·A, summed in double precision.
    private static void Merge<T>(Span<T> values, LowRankAdapter adapter, double scale, ReadOnlySpan<T> a, ReadOnlySpan<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int rows = adapter.Weight.Shape.Rows, rank = adapter.A.Shape.Rows;
        for (int i = 0; i < values.Length; i++)
        {
            (int column, int row) = Math.DivRem(i, rows);
            double sum = 0;
            for (int r = 0; r < rank; r++)
                sum += double.CreateTruncating(b[r * rows + row]) * double.CreateTruncating(a[column * rank + r]);

            values[i] = T.CreateTruncating(double.CreateTruncating(values[i]) + scale * sum);
        }
    }
}
