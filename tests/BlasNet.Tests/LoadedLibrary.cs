using BlasNet.Native;
using BlasNet.Tests;

[assembly: AssemblyFixture(typeof(LoadedLibrary))]

namespace BlasNet.Tests;

/// <summary>Looks for OpenBLAS before any test: where there is none a notice says so once, and would end up in the errors of whatever
/// command runs just then.</summary>
public sealed class LoadedLibrary
{
    public LoadedLibrary() => _ = OpenBlasLoader.Library;
}
