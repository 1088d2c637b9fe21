using System.IO.Enumeration;
using System.Reflection;
using System.Text;
using System.Text.Json;
using CliWrap;
using CliWrap.Buffered;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;

namespace BlasNet.Mutate;

/// <summary>The library's sources, compiled as its project says, with every mutant of the chosen files behind a switch.</summary>
internal sealed class Library
{
    private readonly string _folder;
    private readonly CSharpCompilation _original;
    private readonly SyntaxTree[] _chosen;
    private readonly HashSet<int> _dropped = [];

    private Library(string folder, CSharpCompilation original, SyntaxTree[] chosen) => (_folder, _original, _chosen) = (folder, original, chosen);

    /// <summary>The folders of the chosen files, relative to src/BlasNet, without those below them.</summary>
    public IEnumerable<string> Rooms => _chosen.Select(tree => Relative(_folder, tree).Split('/')[0]).Distinct();

    /// <summary>How many mutants the compiler refused.</summary>
    public int DroppedCount => _dropped.Count;

    /// <param name="folder">src/BlasNet.</param>
    /// <param name="patterns">Of the files to mutate, relative to <paramref name="folder"/>.</param>
    public static async Task<Library> Open(string folder, string[] patterns)
    {
        CSharpCommandLineArguments arguments = CSharpCommandLineParser.Default.Parse(await CompilerArguments(folder), folder, sdkDirectory: null);
        if (arguments.SourceFiles.IsEmpty)
            throw new MutateException($"MSBuild gave no compiler arguments for {folder}.");

        var trees = arguments.SourceFiles.Select(source =>
            CSharpSyntaxTree.ParseText(File.ReadAllText(source.Path), arguments.ParseOptions, source.Path, Encoding.UTF8)).ToArray();
        var compilation = CSharpCompilation.Create("BlasNet", trees,
            arguments.MetadataReferences.Select(reference => MetadataReference.CreateFromFile(reference.Reference)),
            arguments.CompilationOptions.WithGeneralDiagnosticOption(ReportDiagnostic.Suppress));

        ISourceGenerator[] generators = [.. arguments.AnalyzerReferences
            .Select(reference => new AnalyzerFileReference(reference.FilePath, AssemblyLoader.Instance))
            .SelectMany(reference => reference.GetGenerators(LanguageNames.CSharp))];
        CSharpGeneratorDriver.Create(generators, parseOptions: arguments.ParseOptions)
            .RunGeneratorsAndUpdateCompilation(compilation, out Compilation generated, out _);

        SyntaxTree[] chosen = [.. trees.Where(tree => patterns.Any(pattern => Matches(pattern, Relative(folder, tree))))
            .OrderBy(tree => tree.FilePath, StringComparer.Ordinal)];
        if (chosen.Length == 0)
            throw new MutateException($"No file of {folder} matches {string.Join(',', patterns)}. Patterns are like Batching/* or Engine.cs.");

        return new(folder, (CSharpCompilation)generated.AddSyntaxTrees(Switch(arguments.ParseOptions)), chosen);
    }

    /// <summary>Compiles again without those mutants that do not compile until none is left.</summary>
    /// <returns>The mutants in <paramref name="assembly"/>.</returns>
    public List<Mutant> Compile(string assembly)
    {
        while (true)
        {
            List<Mutant> mutants = [];
            CSharpCompilation mutated = Mutate(mutants);
            Diagnostic[] errors = [.. mutated.GetDiagnostics().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)];
            if (errors.Length == 0)
            {
                using FileStream file = File.Create(assembly);
                if (mutated.Emit(file) is { Success: false } failed)
                    throw new InvalidOperationException($"The mutated library was not written: {failed.Diagnostics[0]}");

                return mutants;
            }

            foreach (Diagnostic error in errors)
                Drop(error);
        }
    }

    private CSharpCompilation Mutate(List<Mutant> mutants)
    {
        CSharpCompilation mutated = _original;
        int next = 0;
        foreach (SyntaxTree tree in _chosen)
        {
            var mutator = new Mutator(_original.GetSemanticModel(tree), Relative(_folder, tree), next, _dropped);
            SyntaxNode root = mutator.Visit(tree.GetRoot())!;
            mutated = mutated.ReplaceSyntaxTree(tree, tree.WithRootAndOptions(root, tree.Options));
            mutants.AddRange(mutator.Mutants);
            next = mutator.NextId;
        }

        return mutated;
    }

    /// <summary>The mutant that the error is in; else, say for a variable that is not assigned, all that the member holds.</summary>
    private void Drop(Diagnostic error)
    {
        SyntaxNode? node = error.Location.SourceTree?.GetRoot().FindNode(error.Location.SourceSpan, getInnermostNodeForTie: true);
        SyntaxNode? mutant = node?.AncestorsAndSelf().FirstOrDefault(ancestor => ancestor.HasAnnotations(Mutator.Annotation));
        bool flows = error.Id is "CS0161" or "CS0165" or "CS0177" or "CS8120";
        SyntaxNode? member = node?.AncestorsAndSelf().FirstOrDefault(ancestor => ancestor is MemberDeclarationSyntax);
        int[] ids = [.. (mutant is null || flows ? member?.GetAnnotatedNodes(Mutator.Annotation) ?? [] : [mutant])
            .SelectMany(found => found.GetAnnotations(Mutator.Annotation)).Select(annotation => int.Parse(annotation.Data!))];
        if (ids.Length == 0)
            throw new InvalidOperationException($"The library does not compile: {error}");

        // Of several at one place the outermost may be the fault, or one inside it: the rest is tried again without it.
        _dropped.UnionWith(mutant is null || flows ? ids : [ids.Max()]);
    }

    // With an output that never exists the compiler's task runs, though all other outputs are up to date.
    private static async Task<string[]> CompilerArguments(string folder)
    {
        string[] command = ["msbuild", "BlasNet.csproj", "-nologo", "-t:Compile", "-p:Configuration=Release", "-p:ProvideCommandLineArgs=true",
            "-p:SkipCompilerExecution=true", "-p:DesignTimeBuild=true", "-p:NonExistentFile=none", "-getItem:CscCommandLineArgs"];
        BufferedCommandResult result = await Cli.Wrap("dotnet").WithArguments(command).WithWorkingDirectory(folder).ExecuteBufferedAsync();
        using var items = JsonDocument.Parse(result.StandardOutput);
        return [.. items.RootElement.GetProperty("Items").GetProperty("CscCommandLineArgs").EnumerateArray()
            .Select(item => item.GetProperty("Identity").GetString()!)];
    }

    private static SyntaxTree Switch(CSharpParseOptions options)
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream("MutantSwitch.cs")!);
        return CSharpSyntaxTree.ParseText("using System.Linq;\n" + reader.ReadToEnd(), options, "MutantSwitch.cs", Encoding.UTF8);
    }

    private static bool Matches(string pattern, string file) =>
        FileSystemName.MatchesSimpleExpression(pattern, file, ignoreCase: false)
        || FileSystemName.MatchesSimpleExpression(pattern, Path.GetFileName(file), ignoreCase: false);

    private static string Relative(string folder, SyntaxTree tree) => Path.GetRelativePath(folder, tree.FilePath).Replace('\\', '/');

    private sealed class AssemblyLoader : IAnalyzerAssemblyLoader
    {
        public static readonly AssemblyLoader Instance = new();

        public void AddDependencyLocation(string fullPath)
        {
        }

        public Assembly LoadFromPath(string fullPath) => Assembly.LoadFrom(fullPath);
    }
}
