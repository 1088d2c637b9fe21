using System.Diagnostics;
using System.Runtime.Intrinsics;
using BlasNet.Native;

namespace BlasNet.Tests.Native;

public sealed class OpenBlasLoaderTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("blasnet-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_file_the_user_named_that_is_missing_is_an_error_and_nothing_else_is_tried()
    {
        string file = Path.Combine(_directory, "missing.so");
        OpenBlasLibrary library = OpenBlasLoader.Find(file, _directory, ["libopenblas.so.0"]);

        Assert.False(library.Available);
        Assert.True(library.RequestedByUser);
        Assert.Equal([file], library.Searched);
        Assert.Equal($"BLASNET_OPENBLAS names {file}, which cannot be used. There is no such file. Correct or unset BLASNET_OPENBLAS.", library.Error);
    }

    [Fact]
    public void A_file_the_user_named_that_is_no_library_is_an_error()
    {
        string file = Path.Combine(_directory, "text.so");
        File.WriteAllText(file, "not a library");

        Assert.Contains($"{file} is not a library this process can load.", OpenBlasLoader.Find(file, _directory, []).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_build_with_64_bit_integers_is_refused()
    {
        string file = Compile("libopenblas64.so", """
            char* openblas_get_config(void) { return "OpenBLAS 0.3.99 USE64BITINT DYNAMIC_ARCH"; }
            void cblas_sgemm(void) {}
            """);

        string error = OpenBlasLoader.Find(file, _directory, []).Error!;

        Assert.Contains("was built with 64-bit integers (USE64BITINT), BlasNet passes 32-bit ones", error, StringComparison.Ordinal);
        Assert.Contains("OpenBLAS 0.3.99", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_without_the_c_interface_is_refused()
    {
        string other = Compile("libother.so", "int other(void) { return 1; }");
        string fortran = Compile("libfortran.so", """char* openblas_get_config(void) { return "OpenBLAS 0.3.99"; }""");

        Assert.Contains("is not OpenBLAS", OpenBlasLoader.Find(other, _directory, []).Error, StringComparison.Ordinal);
        Assert.Contains("lacks the C interface", OpenBlasLoader.Find(fortran, _directory, []).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_beside_the_application_comes_before_the_systems()
    {
        string file = Compile(OperatingSystem.IsMacOS() ? "libopenblas.dylib" : "libopenblas.so.0", """
            char* openblas_get_config(void) { return "OpenBLAS beside "; }
            char* openblas_get_corename(void) { return "TestCore"; }
            void cblas_sgemm(void) {}
            """);

        OpenBlasLibrary library = OpenBlasLoader.Find(null, _directory, ["libopenblas.so.0"]);

        Assert.True(library.Available);
        Assert.Equal((file, "OpenBLAS beside", "TestCore", null), (library.Location, library.Config, library.CoreName, library.Error));
        Assert.Equal(file, library.FindFile());
    }

    [Fact]
    public void Where_there_is_none_the_message_says_where_it_looked_and_what_to_do()
    {
        OpenBlasLibrary library = OpenBlasLoader.Find(null, _directory, ["libno-such-blas.so"]);

        Assert.False(library.Available);
        Assert.False(library.RequestedByUser);
        Assert.Contains("libno-such-blas.so", library.Error, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(_directory, "runtimes"), library.Error, StringComparison.Ordinal);
        Assert.Contains("set BLASNET_OPENBLAS to its file", library.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_does_not_know_the_processor_comes_with_advice()
    {
        OpenBlasLibrary library = new(1, "libopenblas.so.0", "", "Prescott", [], null);

        Assert.Equal(Vector256.IsHardwareAccelerated, library.Advice?.Contains("set OPENBLAS_CORETYPE=", StringComparison.Ordinal) ?? false);
        Assert.Null((library with { CoreName = "SkylakeX" }).Advice);
    }

    [Fact]
    public void Variables_that_influence_openblas_are_listed_with_their_values()
    {
        Environment.SetEnvironmentVariable("OPENBLAS_BLASNET_TEST", "1");

        try
        {
            Assert.Contains("OPENBLAS_BLASNET_TEST=1", OpenBlasLoader.InfluencingVariables());
        }
        finally
        {
            Environment.SetEnvironmentVariable("OPENBLAS_BLASNET_TEST", null);
        }
    }

    private string Compile(string name, string source)
    {
        string file = Path.Combine(_directory, name);
        string sourceFile = Path.ChangeExtension(file, ".c");
        File.WriteAllText(sourceFile, source);

        using Process compiler = Process.Start("cc", ["-shared", "-fPIC", "-o", file, sourceFile]);
        compiler.WaitForExit();
        Assert.Equal(0, compiler.ExitCode);

        return file;
    }
}
