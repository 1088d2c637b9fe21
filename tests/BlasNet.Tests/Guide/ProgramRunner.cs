using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using System.Text.RegularExpressions;
using BlasNet.Tests.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace BlasNet.Tests.Guide;

/// <summary>Compiles a program of a page as a project of a reader's would, and runs it in a folder of its own.</summary>
internal static partial class ProgramRunner
{
    /// <summary>What a new project has as global usings.</summary>
    private const string ImplicitUsings = """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Net.Http;
        global using System.Threading; global using System.Threading.Tasks;
        """;

    /// <summary>The runtime and the packages, without these tests.</summary>
    private static readonly Lazy<MetadataReference[]> References = new(() =>
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(file => Path.GetFileNameWithoutExtension(file) is not ("BlasNet.Tests" or "BlasNet.Stranger"))
            .Select(file => MetadataReference.CreateFromFile(file)),
    ]);

    /// <summary>Set it to have the pictures that programs draw put beside their pages.</summary>
    private const string DrawVariable = "BLASNET_DRAW_GUIDE";

    /// <param name="program">To be run.</param>
    /// <param name="pictures">The folder of the page's pictures: what the program writes into <c>pictures/</c> must be what is there.</param>
    /// <returns>What the program printed.</returns>
    public static string Run(GuideProgram program, string pictures)
    {
        MethodInfo main = Compile(program.Code).EntryPoint!;
        using var folder = new TemporaryFolder();
        WriteEncoder(folder);
        (string directory, TextWriter console) = (Environment.CurrentDirectory, Console.Out);
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        try
        {
            Environment.CurrentDirectory = folder.Path;
            Console.SetOut(output);
            main.Invoke(null, BindingFlags.DoNotWrapExceptions, null, main.GetParameters().Length == 0 ? [] : [Array.Empty<string>()], null);
        }
        finally
        {
            Console.SetOut(console);
            Environment.CurrentDirectory = directory;
        }

        Compare(folder.File("pictures"), pictures);
        return output.ToString().ReplaceLineEndings("\n");
    }

    private static void Compare(string drawn, string shown)
    {
        foreach (string picture in Directory.Exists(drawn) ? Directory.GetFiles(drawn) : [])
        {
            string beside = Path.Combine(shown, Path.GetFileName(picture));
            if (Environment.GetEnvironmentVariable(DrawVariable) is not null)
                File.Copy(picture, beside, overwrite: true);

            Assert.True(
                File.Exists(beside) && Texts(picture).SequenceEqual(Texts(beside)),
                $"{beside} does not show what the page's program draws; with {DrawVariable}=1 this test replaces it.");
        }
    }

    /// <summary>What stands in a picture's boxes; where they stand differs a little from one drawing to the next.</summary>
    private static IEnumerable<string> Texts(string picture) =>
        PictureText().Matches(File.ReadAllText(picture)).Select(match => match.Value).Order(StringComparer.Ordinal);

    private static Assembly Compile(string code)
    {
        var options = new CSharpCompilationOptions(
            OutputKind.ConsoleApplication, optimizationLevel: OptimizationLevel.Release, allowUnsafe: true,
            nullableContextOptions: NullableContextOptions.Enable);
        var compilation = CSharpCompilation.Create(
            "Guide", [CSharpSyntaxTree.ParseText(Arrange(code)), CSharpSyntaxTree.ParseText(ImplicitUsings)], References.Value, options);
        using var image = new MemoryStream();
        var errors = compilation.Emit(image, cancellationToken: TestContext.Current.CancellationToken).Diagnostics
            .Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).ToArray();
        if (errors.Length > 0)
            Assert.Fail(string.Join('\n', errors.Select(error => $"{error.Location.GetMappedLineSpan()}: {error.GetMessage(CultureInfo.InvariantCulture)}")));

        image.Position = 0;
        return new AssemblyLoadContext("Guide", isCollectible: true).LoadFromStream(image);
    }

    /// <summary>A page shows usings and types where they are needed; a file has usings first, then statements, then types.</summary>
    private static string Arrange(string code)
    {
        string usings = string.Concat(UsingDirective().Matches(code).Select(match => match.Value).Distinct());
        CompilationUnitSyntax root = CSharpSyntaxTree.ParseText(UsingDirective().Replace(code, "\n")).GetCompilationUnitRoot();
        var arranged = new StringBuilder(usings);
        foreach (MemberDeclarationSyntax member in root.Members.OrderBy(member => member is GlobalStatementSyntax ? 0 : 1))
        {
            FileLinePositionSpan place = member.GetLocation().GetMappedLineSpan();
            arranged.Append(CultureInfo.InvariantCulture, $"#line {place.StartLinePosition.Line + 1} \"{place.Path}\"\n")
                .Append(member.WithoutLeadingTrivia().ToFullString()).Append('\n');
        }

        return arranged.ToString();
    }

    /// <summary>Where a page loads an encoder there is one with a few random weights.</summary>
    private static void WriteEncoder(TemporaryFolder folder)
    {
        string encoder = Directory.CreateDirectory(folder.File("all-MiniLM-L6-v2")).FullName;
        using var written = new TemporaryFolder();
        new SmallEncoder("bert").Write(written);
        foreach (string file in Directory.EnumerateFiles(written.Path))
            File.Copy(file, Path.Combine(encoder, Path.GetFileName(file)));
    }

    [GeneratedRegex(@"[^<>\n]+(?=</(text|tspan|desc|title)>)")]
    private static partial Regex PictureText();

    [GeneratedRegex(@"(?m)^using (static )?[A-Z][\w.]*( = [^;(]+)?;\n")]
    private static partial Regex UsingDirective();
}
