namespace BlasNet;

/// <summary>Which kernels compute matrix products.</summary>
public enum GemmKernels
{
    /// <summary>The faster of the two for each shape, by the cost model measured on this machine.</summary>
    Auto,

    /// <summary>OpenBLAS for every product: the reference.</summary>
    OpenBlas,

    /// <summary>The managed vector kernels for every product.</summary>
    Packed,
}
