using System.Diagnostics;
using System.Reflection;
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
        OpenBlasLibrary library = OpenBlasLoader.Find(file, [_directory], ["libopenblas.so.0"]);

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

        Assert.Contains($"{file} is not a library this process can load.", OpenBlasLoader.Find(file, [_directory], []).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_build_with_64_bit_integers_is_refused()
    {
        string file = Compile("libopenblas64.so", """
            char* openblas_get_config(void) { return "OpenBLAS 0.3.99 USE64BITINT DYNAMIC_ARCH"; }
            void cblas_sgemm(void) {}
            """);

        string error = OpenBlasLoader.Find(file, [_directory], []).Error!;

        Assert.Contains("was built with 64-bit integers (USE64BITINT), BlasNet passes 32-bit ones", error, StringComparison.Ordinal);
        Assert.Contains("OpenBLAS 0.3.99", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_without_the_c_interface_is_refused()
    {
        string other = Compile("libother.so", "int other(void) { return 1; }");
        string fortran = Compile("libfortran.so", """char* openblas_get_config(void) { return "OpenBLAS 0.3.99"; }""");

        Assert.Contains("is not OpenBLAS", OpenBlasLoader.Find(other, [_directory], []).Error, StringComparison.Ordinal);
        Assert.Contains("lacks functions that BlasNet calls: cblas_sgemm, cblas_dgemm", OpenBlasLoader.Find(fortran, [_directory], []).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_beside_the_application_comes_before_the_systems()
    {
        string file = Compile(OperatingSystem.IsMacOS() ? "libopenblas.dylib" : "libopenblas.so.0", """
            char* openblas_get_config(void) { return "OpenBLAS beside "; }
            char* openblas_get_corename(void) { return "TestCore"; }
            """ + Functions(OpenBlas.Functions));

        OpenBlasLibrary library = OpenBlasLoader.Find(null, [_directory], ["libopenblas.so.0"]);

        Assert.True(library.Available);
        Assert.Equal((file, "OpenBLAS beside", "TestCore", null), (library.Location, library.Config, library.CoreName, library.Error));
        Assert.Equal(file, library.FindFile());
    }

    [Fact]
    public void Where_there_is_none_the_message_says_where_it_looked_and_what_to_do()
    {
        OpenBlasLibrary library = OpenBlasLoader.Find(null, [_directory], ["libno-such-blas.so"]);

        Assert.False(library.Available);
        Assert.False(library.RequestedByUser);
        Assert.Contains("libno-such-blas.so", library.Error, StringComparison.Ordinal);
        Assert.Contains($"in: {_directory}, and where the system looks", library.Error, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(_directory, OpenBlasPlaces.FileNames[0]), library.Searched);
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

    [Fact]
    public void Every_function_that_is_imported_is_required_of_the_library()
    {
        IEnumerable<string> imported = typeof(OpenBlas)
            .GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly)
            .Select(method => method.Name)
            .Where(name => name.StartsWith("cblas_", StringComparison.Ordinal) || name.StartsWith("openblas_", StringComparison.Ordinal));

        Assert.Equal(imported.Order(StringComparer.Ordinal), OpenBlas.Functions.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_library_that_lacks_any_one_function_is_refused_by_the_functions_name()
    {
        foreach (string missing in OpenBlas.Functions)
        {
            string file = Compile($"lib-without-{missing}.so", """
                char* openblas_get_config(void) { return "OpenBLAS 0.3.99"; }
                """ + Functions(OpenBlas.Functions.Where(function => function != missing)));

            Assert.Contains($"{file} lacks functions that BlasNet calls: {missing}.", OpenBlasLoader.Find(file, [], []).Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_library_that_is_cut_off_anywhere_is_refused_before_it_is_loaded()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems check it themselves");
        string whole = Compile("libwhole.so", """
            char big[100000] = { 1 };
            char* openblas_get_config(void) { return "OpenBLAS 0.3.99"; }
            """ + Functions(OpenBlas.Functions));
        byte[] bytes = File.ReadAllBytes(whole);
        string file = Path.Combine(_directory, "cut.so");

        foreach (int length in new[] { 0, 1, 63, 64, 100, 600, 4096, bytes.Length / 2, 100_000 })
        {
            File.WriteAllBytes(file, bytes[..length]);
            string? error = OpenBlasLoader.Find(file, [], []).Error;

            Assert.NotNull(error);
            Assert.Contains(length == 0 ? "is empty" : length < 64 ? "is not a library" : "is cut off", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_damaged_library_that_the_linker_would_find_by_name_is_not_loaded()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems check it themselves");
        byte[] bytes = File.ReadAllBytes(Compile("libwhole.so", "char big[100000] = { 1 };"));
        File.WriteAllBytes(Path.Combine(_directory, "libcut-blas.so"), bytes[..(bytes.Length / 2)]);
        string? before = Environment.GetEnvironmentVariable("LD_LIBRARY_PATH");
        Environment.SetEnvironmentVariable("LD_LIBRARY_PATH", _directory);

        try
        {
            Assert.Contains("which is cut off", OpenBlasLoader.Find(null, [], ["libcut-blas.so"]).Error, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("LD_LIBRARY_PATH", before);
        }
    }

    [Fact]
    public void A_link_that_leads_nowhere_does_not_end_the_search()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems check it themselves");
        File.CreateSymbolicLink(Path.Combine(_directory, "libno-such-blas.so"), Path.Combine(_directory, "gone.so"));
        string? before = Environment.GetEnvironmentVariable("LD_LIBRARY_PATH");
        Environment.SetEnvironmentVariable("LD_LIBRARY_PATH", _directory);

        try
        {
            Assert.Null(OpenBlasPlaces.FindSystemFile("libno-such-blas.so"));
        }
        finally
        {
            Environment.SetEnvironmentVariable("LD_LIBRARY_PATH", before);
        }
    }

    [Fact]
    public void A_folder_is_named_as_such() =>
        Assert.Contains($"{_directory} is a folder; a file is expected.", OpenBlasLoader.Find(_directory, [], []).Error, StringComparison.Ordinal);

    [Fact]
    public void A_library_of_another_processor_is_named_as_such()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems check it themselves");
        string file = Compile("libother-processor.so", "int other(void) { return 1; }");
        byte[] bytes = File.ReadAllBytes(file);
        bytes[18] ^= 0x55;   // the machine's number
        File.WriteAllBytes(file, bytes);

        Assert.Contains("is for another processor", OpenBlasLoader.Find(file, [], []).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_library_beside_the_application_does_not_hide_a_whole_one_elsewhere()
    {
        string name = OpenBlasPlaces.FileNames[0];
        string other = Directory.CreateDirectory(Path.Combine(_directory, "other")).FullName;
        File.WriteAllText(Path.Combine(_directory, name), "text");
        string whole = Compile(Path.Combine("other", name), """
            char* openblas_get_config(void) { return "OpenBLAS 0.3.99"; }
            """ + Functions(OpenBlas.Functions));

        Assert.Equal(whole, OpenBlasLoader.Find(null, [_directory, other], []).Location);
    }

    [Fact]
    public void The_folders_of_packages_are_looked_in_whatever_a_distributions_runtime_calls_itself()
    {
        Assert.Matches("^(linux|linux-musl|win|osx)-(x64|arm64)$", OpenBlasPlaces.PortableRid);
        string searched = string.Join(Path.PathSeparator, "/packages/native/", "/framework/");

        string script = $"/cache/blasnet.native/0.1.0/runtimes/{OpenBlasPlaces.PortableRid}/native";
        string path = string.Join(Path.PathSeparator, "/usr/bin", "/cache/blasnet.native/0.1.0/", script);

        Assert.Equal(
            ["/app", "/packages/native", "/framework", "/app/runtimes/debian.12-x64/native", $"/app/runtimes/{OpenBlasPlaces.PortableRid}/native", script],
            OpenBlasPlaces.FoldersOf("/app/", searched, "debian.12-x64", path).Select(folder => folder.Replace('\\', '/')));
    }

    private static string Functions(IEnumerable<string> names) => string.Join('\n', names.Select(name => $"void {name}(void) {{}}"));

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
