namespace BlasNet.Diagnostics;

/// <summary>What <c>blasnet doctor</c> finds; in snake case also the object that <c>blasnet doctor --json</c> prints.</summary>
/// <param name="Version">BlasNet's.</param>
/// <param name="Runtime">.NET's.</param>
/// <param name="OperatingSystem">With the runtime identifier.</param>
/// <param name="Processor">The one this runs on.</param>
/// <param name="Openblas">What was loaded, or why nothing was.</param>
/// <param name="Mpi">What several machines would train through.</param>
/// <param name="Variables">NAME=value, those that influence OpenBLAS or the vectors .NET uses.</param>
/// <param name="Cache">Where measured rates are kept.</param>
/// <param name="Warnings">What makes products slower than they could be, and the remedy.</param>
/// <param name="Peak">GFLOP/s measured now.</param>
/// <param name="Crossover">Which products go to OpenBLAS; empty without it.</param>
public sealed record Report(
    string Version, string Runtime, string OperatingSystem, ProcessorReport Processor, OpenBlasReport Openblas, MpiReport Mpi,
    IReadOnlyList<string> Variables, CacheReport Cache, IReadOnlyList<string> Warnings, PeakReport Peak, IReadOnlyList<CrossoverReport> Crossover);

/// <param name="Name">As the processor tells it.</param>
/// <param name="Count">Logical processors that this process may use.</param>
/// <param name="VectorBits">The widest vectors of the managed kernels.</param>
/// <param name="Features">Instruction sets in use.</param>
public sealed record ProcessorReport(string Name, int Count, int VectorBits, IReadOnlyList<string> Features);

/// <param name="Found">Whether there is one; the other members say which, or why not.</param>
/// <param name="File">The library's file.</param>
/// <param name="Configuration">Its own description of its build.</param>
/// <param name="Core">The processor family whose kernels it runs.</param>
/// <param name="Searched">Files and names tried, in order.</param>
/// <param name="Problem">Why there is none.</param>
public sealed record OpenBlasReport(
    bool Found, string? File, string? Configuration, string? Core, IReadOnlyList<string> Searched, string? Problem);

/// <param name="Found">Whether there is a library; the other members say which, or why not.</param>
/// <param name="Interface">MPICH, Open MPI or MPI 5.</param>
/// <param name="File">As it was loaded.</param>
/// <param name="Version">Its own description.</param>
/// <param name="Launcher">What started this process as one of several, if anything did.</param>
/// <param name="Problem">Why there is none.</param>
public sealed record MpiReport(bool Found, string? Interface, string? File, string? Version, string? Launcher, string? Problem);

/// <param name="Folder">Null where nothing is kept.</param>
/// <param name="Files">How many there are, one for each machine, OpenBLAS, thread count and element type.</param>
/// <param name="Bytes">Of all of them.</param>
public sealed record CacheReport(string? Folder, int Files, long Bytes);

/// <summary>Float32 products, GFLOP/s.</summary>
/// <param name="Threads">Threads that shared a product.</param>
/// <param name="PackedGflops">The managed kernels.</param>
/// <param name="OpenblasGflops">OpenBLAS, if there is one.</param>
public sealed record PeakReport(int Threads, double PackedGflops, double? OpenblasGflops);

/// <summary>Which numbers of rows are faster through OpenBLAS, of those that were measured; the others go to the managed kernels.</summary>
/// <param name="Product">The product, and whether the weights' packing is kept.</param>
/// <param name="Size">Rows and columns of the weights.</param>
/// <param name="OpenblasRows">Of the stack.</param>
public sealed record CrossoverReport(string Product, int Size, IReadOnlyList<int> OpenblasRows);
