using System.Numerics;

namespace BlasNet.Text.Files;

/// <summary>What a file says of one tensor.</summary>
/// <param name="Name">As the layer that it belongs to names it.</param>
/// <param name="Shape">The dimensions, row-major.</param>
/// <param name="IsTransposed">Whether it is a weight that has its inputs as rows.</param>
internal sealed record TensorInfo(string Name, long[] Shape, bool IsTransposed = false)
{
    /// <summary>As <c>encoder.layer.0.output.dense.bias [384]</c>.</summary>
    public override string ToString() => $"{Name} [{string.Join(", ", Shape)}]";
}

/// <summary>A file of weights.</summary>
internal abstract class TensorFile(string file) : IDisposable
{
    public string File => file;

    /// <summary>Those that may be weights.</summary>
    public abstract IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>Reads a tensor in the order of the file.</summary>
    /// <param name="tensor">One of this file's.</param>
    /// <param name="elements">As many as the tensor has.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    public abstract void ReadInOrder<T>(TensorInfo tensor, Span<T> elements) where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>Reads a matrix whose rows are a parameter's rows.</summary>
    /// <param name="tensor">One of this file's.</param>
    /// <param name="shape">[m × k].</param>
    /// <param name="columnMajor">Receives m·k elements, column by column.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    public abstract void Read<T>(TensorInfo tensor, Shape shape, Span<T> columnMajor) where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>Where in the file a tensor's elements lie in its order, if they are numbers of this precision; null if they must be converted.</summary>
    /// <param name="tensor">One of this file's.</param>
    /// <param name="elements">As many as the tensor must have.</param>
    public abstract long? OffsetOf<T>(TensorInfo tensor, int elements) where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    public virtual void Dispose()
    {
    }
}
