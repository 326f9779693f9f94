// Package celgo measures github.com/google/cel-go on the conditions of the guide's example 09, as the
// peer of our own cel_bench and policy_bench. `./dev bench cel` runs it.
package celgo

import (
	_ "embed"
	"encoding/json"
	"os"
	"syscall"
	"testing"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/structpb"
)

var fourConditions = []string{
	`ctx.user.spec.groups.hasAll("dev", "ops")`,
	`ctx.request.http.method in ["POST", "PUT"]`,
	`ctx.request.http.path.startsWith("/users")`,
	`ctx.request.http.headers["x-custom-header"] == "this-value"`,
}

var fiveConditions = append(append([]string{}, fourConditions...),
	`ctx.request.http.bodyMap.age > 18 && ctx.request.http.bodyMap.email.endsWith("@example.com")`)

//go:embed context.json
var contextJSON []byte

const body = `{"age": 19, "email": "a@example.com"}`

// hasAll, as the guide writes it: every text is an element of the list.
func hasAll(args ...ref.Val) ref.Val {
	list, ok := args[0].(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(args[0])
	}
	for _, wanted := range args[1:] {
		if found := list.Contains(wanted); found != types.True {
			return found
		}
	}
	return types.True
}

func compile(b *testing.B, conditions []string) []cel.Program {
	b.Helper()
	env, err := cel.NewEnv(
		cel.Variable("ctx", cel.DynType),
		cel.Function("hasAll", cel.MemberOverload("list_has_all_2",
			[]*cel.Type{cel.ListType(cel.DynType), cel.DynType, cel.DynType}, cel.BoolType,
			cel.FunctionBinding(hasAll))))
	if err != nil {
		b.Fatal(err)
	}
	var programs []cel.Program
	for _, condition := range conditions {
		ast, issues := env.Compile(condition)
		if issues.Err() != nil {
			b.Fatal(issues.Err())
		}
		program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize))
		if err != nil {
			b.Fatal(err)
		}
		programs = append(programs, program)
	}
	return programs
}

func expectAllowed(b *testing.B, programs []cel.Program, input map[string]any) {
	for _, program := range programs {
		out, _, err := program.Eval(input)
		if err != nil || out != types.True {
			b.Fatalf("denied: %v %v", out, err)
		}
	}
}

// The request's context as a protobuf message. It is dynamic: Go code generated from the schema would
// be a hundred thousand lines, and protojson works on both through the same reflection.
func contextMessage(b *testing.B) (*dynamicpb.Message, protoreflect.Message) {
	b.Helper()
	path := os.Getenv("CONTEXT_DESCRIPTORS")
	if path == "" {
		b.Skip("CONTEXT_DESCRIPTORS names no descriptor set")
	}
	bytes, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(bytes, set); err != nil {
		b.Fatal(err)
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		b.Fatal(err)
	}
	descriptor, err := files.FindDescriptorByName("octelium.api.main.core.v1.RequestContext")
	if err != nil {
		b.Fatal(err)
	}
	message := dynamicpb.NewMessage(descriptor.(protoreflect.MessageDescriptor))
	if err := protojson.Unmarshal(contextJSON, message); err != nil {
		b.Fatal(err)
	}
	fields := message.Descriptor().Fields()
	request := message.Get(fields.ByName("request")).Message()
	http := request.Get(request.Descriptor().Fields().ByName("http")).Message()
	return message, http
}

// What the reference's proxy does for each request: the message as JSON, the JSON as a map.
func convert(b *testing.B, message proto.Message) map[string]any {
	text, err := protojson.Marshal(message)
	if err != nil {
		b.Fatal(err)
	}
	var ctx map[string]any
	if err := json.Unmarshal(text, &ctx); err != nil {
		b.Fatal(err)
	}
	return map[string]any{"ctx": ctx}
}

// Parses the body into the message, as happens before the conversion when a rule may look at it.
func setBody(b *testing.B, http protoreflect.Message) {
	parsed := &structpb.Struct{}
	if err := protojson.Unmarshal([]byte(body), parsed); err != nil {
		b.Fatal(err)
	}
	field := http.Descriptor().Fields().ByName("bodyMap")
	target := dynamicpb.NewMessage(field.Message())
	bytes, err := proto.Marshal(parsed)
	if err != nil {
		b.Fatal(err)
	}
	if err := proto.Unmarshal(bytes, target); err != nil {
		b.Fatal(err)
	}
	http.Set(field, protoreflect.ValueOfMessage(target))
}

// The processor time of the process, collection of garbage included; the clock on the wall also
// counts what else the machine does.
func processorTime(b *testing.B) int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func measure(b *testing.B, iteration func()) {
	b.ReportAllocs()
	before := processorTime(b)
	for range b.N {
		iteration()
	}
	b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
}

func benchmarkBare(b *testing.B, conditions []string) {
	programs := compile(b, conditions)
	message, http := contextMessage(b)
	setBody(b, http)
	input := convert(b, message)
	b.ResetTimer()
	measure(b, func() { expectAllowed(b, programs, input) })
}

func benchmarkWithConversion(b *testing.B, conditions []string, hasBody bool) {
	programs := compile(b, conditions)
	message, http := contextMessage(b)
	if hasBody {
		setBody(b, http) // once: the reference decodes it in less roundabout a way than setBody
	}
	b.ResetTimer()
	measure(b, func() { expectAllowed(b, programs, convert(b, message)) })
}

func BenchmarkFourBare(b *testing.B)           { benchmarkBare(b, fourConditions) }
func BenchmarkFiveBare(b *testing.B)           { benchmarkBare(b, fiveConditions) }
func BenchmarkFourWithConversion(b *testing.B) { benchmarkWithConversion(b, fourConditions, false) }
func BenchmarkFiveWithConversion(b *testing.B) { benchmarkWithConversion(b, fiveConditions, true) }
