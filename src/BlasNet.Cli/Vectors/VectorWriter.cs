using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Output;
using BlasNet.Training;

namespace BlasNet.Cli.Vectors;

/// <summary>Receives the vectors of texts one after another. A file appears when it is complete.</summary>
internal abstract class VectorWriter : IDisposable
{
    /// <summary>The writer for a file's extension; without a file, lines of JSON to the output.</summary>
    /// <exception cref="CommandException">The name has another ending, or the file cannot be made.</exception>
    public static VectorWriter Create(string? file, int dimensions, TextWriter output) => Path.GetExtension(file)?.ToUpperInvariant() switch
    {
        null => new JsonVectorWriter(output.Write),
        ".JSONL" => new JsonVectorWriter(OutputFile.Open(file!)),
        ".NPY" => NewMatrix(file!, dimensions, MatrixHeader.Npy),
        ".SAFETENSORS" => NewMatrix(file!, dimensions, MatrixHeader.Safetensors),
        _ => throw new CommandException($"--output {file}: must end with .npy, .jsonl or .safetensors."),
    };

    public abstract void Add(string text, float[] vector);

    /// <summary>Makes the file visible.</summary>
    public abstract void Commit();

    public abstract void Dispose();

    private static MatrixWriter NewMatrix(string path, int dimensions, Func<long, int, byte[]> header)
    {
        AtomicFile file = OutputFile.Open(path);
        if (file.CanOverwrite)
            return new MatrixWriter(file, dimensions, header);

        file.Dispose();
        throw new CommandException($"--output {path}: is no regular file, and the header of a matrix is written last; .jsonl can go there.");
    }
}

/// <summary>A line <c>{"text": …, "vector": […]}</c> for each text.</summary>
internal sealed class JsonVectorWriter(Action<string> write) : VectorWriter
{
    private readonly AtomicFile? _file;

    public JsonVectorWriter(AtomicFile file)
        : this(line => file.Write(Encoding.UTF8.GetBytes(line))) => _file = file;

    public override void Add(string text, float[] vector) =>
        write(JsonSerializer.Serialize(new VectorLine(text, vector), JsonLines.Default.VectorLine) + '\n');

    public override void Commit() => _file?.Commit();

    public override void Dispose() => _file?.Dispose();
}

/// <summary>A matrix of float32 with a text's vector in each row, row by row.</summary>
/// <param name="file">Receives it.</param>
/// <param name="dimensions">Length of a row.</param>
/// <param name="header">Makes the header for so many rows, of a length that does not depend on it.</param>
internal sealed class MatrixWriter(AtomicFile file, int dimensions, Func<long, int, byte[]> header) : VectorWriter
{
    private const int BufferBytes = 1 << 16;

    private readonly List<byte> _buffer = [.. header(0, dimensions)];
    private long _rows;

    public override void Add(string text, float[] vector)
    {
        _buffer.AddRange(MemoryMarshal.AsBytes<float>(vector));
        _rows++;
        if (_buffer.Count >= BufferBytes)
            Flush();
    }

    public override void Commit()
    {
        Flush();
        file.Overwrite(header(_rows, dimensions));   // how many rows there are is known only now
        file.Commit();
    }

    public override void Dispose() => file.Dispose();

    private void Flush()
    {
        file.Write(CollectionsMarshal.AsSpan(_buffer));
        _buffer.Clear();
    }
}
